using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Tests.Identity.X509;

namespace SdsServer.Tests.Enrolment;

/// <summary>What a join token, and a request, cannot be made to do.</summary>
public sealed class JoinTokenAttackTests
{
    private const string Any = "spiffe://example.org/ns/shop/*";

    [Fact]
    public async Task A_join_token_opens_no_stream()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string token = await host.TokenAsync(MtlsHost.Web, uses: 0);

        await using SecretCall stream = new(host.Connect(), new Metadata { { "authorization", $"Bearer {token}" } });
        Status status = await stream.StatusAsync();

        Assert.Equal(StatusCode.PermissionDenied, status.Code);
        Assert.Contains("for joining", status.Detail, StringComparison.Ordinal);
        Assert.Empty(await host.Loop.ReadAsync(engine => engine.Instances(), default));
    }

    [Fact]
    public async Task A_workloads_token_enrols_nobody()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();

        await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(await host.TokenAsync(MtlsHost.Web)), StatusCode.PermissionDenied);

        Assert.Empty((await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates);
    }

    [Fact]
    public async Task A_spent_token_is_refused_and_told_apart_from_no_token()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string token = await host.TokenAsync(MtlsHost.Web, uses: 1);
        await new EnrolClient(host).EnrolAsync(token);

        Assert.Contains("is spent", await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token), StatusCode.PermissionDenied), StringComparison.Ordinal);
        string unknown = await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(Core.Access.TokenText.Create("none").Text), StatusCode.Unauthenticated);
        Assert.Equal(unknown, await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(""), StatusCode.Unauthenticated));
        Assert.Equal(unknown, await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token[..^1] + (token[^1] == 'A' ? 'E' : 'A')), StatusCode.Unauthenticated));
        Assert.Contains(host.Log.Lines, line => line.Id == 6203 && line.Text.Contains("SpentToken", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Log.Lines, line => line.Text.Contains(token[^20..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_expired_or_deleted_token_enrols_nobody()
    {
        ManualTime time = new(TimeProvider.System.GetUtcNow());
        await using MtlsHost host = await MtlsHost.StartAsync(time: time);
        string expiring = await host.TokenAsync(MtlsHost.Web, uses: 1, ttl: TimeSpan.FromMinutes(5));
        string deleted = await host.TokenAsync(MtlsHost.Web, uses: 1);
        await host.Admin.UnaryAsync(
            new GrpcMethod<DeleteTokenRequest, DeleteTokenResponse>(SdsServer.Admin.TokenService.Descriptor, "DeleteToken"),
            new DeleteTokenRequest { Name = $"{MtlsHost.Domain}/tokens/{deleted.Split('_')[1]}" }, new CallOptions(Timeout: MtlsHost.Limit));

        time.Advance(TimeSpan.FromMinutes(5));

        await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(expiring), StatusCode.Unauthenticated);
        await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(deleted), StatusCode.Unauthenticated);
        Assert.Empty((await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates);
    }

    [Theory]
    [InlineData("spiffe://example.org/ns/shop/..")]
    [InlineData("spiffe://example.org/ns/shop/.")]
    [InlineData("spiffe://example.org/ns/shop/")]
    [InlineData("spiffe://example.org/ns/shop")]
    [InlineData("spiffe://example.org/ns/shop//web")]
    [InlineData("spiffe://example.org/ns/shop/../admin")]
    [InlineData("spiffe://example.org/ns/shop/a/b")]
    [InlineData("spiffe://example.org/ns/shop/%2e%2e")]
    [InlineData("spiffe://example.org/ns/shop/a%2Fb")]
    [InlineData("spiffe://example.org/ns/shop/*")]
    [InlineData("spiffe://example.org/ns/other/web")]
    [InlineData("spiffe://example.org/ns/SHOP/web")]
    [InlineData("spiffe://EXAMPLE.ORG/ns/shop/web")]
    [InlineData("SPIFFE://example.org/ns/shop/web")]
    [InlineData("spiffe://example.org:443/ns/shop/web")]
    [InlineData("spiffe://x@example.org/ns/shop/web")]
    [InlineData("spiffe://other.org/ns/shop/web")]
    [InlineData("spiffe://example.org/ns/shop/web?x")]
    [InlineData("spiffe://example.org/ns/shop/web#x")]
    [InlineData("spiffe://example.org/ns/shop/web ")]
    [InlineData("")]
    public async Task A_template_is_not_escaped(string asked)
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string token = await host.TokenAsync(Any, uses: 1);

        RpcException error = await Assert.ThrowsAsync<RpcException>(() => new EnrolClient(host).EnrolAsync(token, Requests.For(asked)));

        Assert.True(error.StatusCode is StatusCode.InvalidArgument or StatusCode.PermissionDenied, error.Message);

        // It has cost the token nothing.
        Assert.Equal("spiffe://example.org/ns/shop/a-b.c_1", (await new EnrolClient(host).EnrolAsync(token, "spiffe://example.org/ns/shop/a-b.c_1")).SpiffeId);
    }

    [Fact]
    public async Task Letters_that_look_alike_are_no_letters()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();

        // As the bytes of a name that holds more than ASCII: a UTF-8 string where IA5 belongs.
        byte[] request = Requests.Raw(System.Text.Encoding.UTF8.GetBytes("spiffe://example.org/ns/shop/w\u0435b"));

        await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(await host.TokenAsync(Any, uses: 1), request), StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task A_request_for_another_identity_is_refused_and_for_none_where_there_are_several()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string fixedOne = await host.TokenAsync(MtlsHost.Web, uses: 1);
        string several = await host.TokenAsync(Any, uses: 1);
        EnrolClient client = new(host);

        await EnrolClient.FailsAsync(client.EnrolAsync(fixedOne, "spiffe://example.org/ns/shop/admin"), StatusCode.PermissionDenied);
        await EnrolClient.FailsAsync(client.EnrolAsync(several), StatusCode.InvalidArgument);
        await EnrolClient.FailsAsync(client.EnrolAsync(fixedOne, Requests.For(MtlsHost.Web, "spiffe://example.org/ns/shop/admin")), StatusCode.InvalidArgument);

        // Other names, and the subject, are not looked at.
        Assert.Equal(MtlsHost.Web, (await client.EnrolAsync(fixedOne, Requests.With("CN=admin", [], ["admin.example.org"]))).SpiffeId);
        Core.Enrolment.EnrolledCertificate stored = Assert.Single((await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates);
        Certificate given = Certificate.Parse(stored.Certificate.AsSpan());
        Assert.True(given.Subject.IsEmpty);
        Assert.Empty(given.AlternativeNames.DnsNames);
    }

    [Fact]
    public async Task A_request_that_its_key_did_not_sign_is_refused()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string token = await host.TokenAsync(MtlsHost.Web, uses: 1);
        byte[] good = Requests.For(MtlsHost.Web);
        byte[] broken = [.. good[..^1], (byte)(good[^1] ^ 1)];

        // The name is changed where it stands, after the signature was made.
        byte[] tampered = [.. good];
        int at = tampered.AsSpan().IndexOf("/web"u8);
        "/adm"u8.CopyTo(tampered.AsSpan(at));

        Assert.Contains("possession", await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token, broken), StatusCode.InvalidArgument), StringComparison.Ordinal);
        Assert.Contains("possession", await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token, tampered), StatusCode.InvalidArgument), StringComparison.Ordinal);
        foreach (byte[] junk in new[] { [], [0x30], [.. good, 0], "-----BEGIN CERTIFICATE REQUEST-----"u8.ToArray() })
        {
            await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token, junk), StatusCode.InvalidArgument);
        }

        Assert.Empty((await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates);
        await new EnrolClient(host).EnrolAsync(token, good);
    }

    [Fact]
    public async Task A_certificate_of_anybody_else_renews_nothing()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);

        await EnrolClient.FailsAsync(client.RenewAsync(null), StatusCode.Unauthenticated);
        await EnrolClient.FailsAsync(client.RenewAsync((await host.MeshRootAsync()).Leaf(MtlsHost.Web).Make()), StatusCode.Unauthenticated);
        await EnrolClient.FailsAsync(client.RenewAsync(new Forged { Uris = [MtlsHost.Web] }.Make()), StatusCode.Unauthenticated);
    }

    [Theory]
    [InlineData("spiffe://other.org/ns/*", 1)]
    [InlineData("spiffe://*/ns/shop", 1)]
    [InlineData("spiffe://example.org/*x", 1)]
    [InlineData("spiffe://example.org/**", 1)]
    [InlineData("spiffe://example.org", 1)]
    [InlineData("spiffe://example.org/ns/*", null)]
    [InlineData("spiffe://example.org/ns/shop", -1)]
    public async Task A_token_that_would_be_nobodys_or_everybodys_is_not_made(string spiffeId, int? uses)
    {
        await using MtlsHost host = await MtlsHost.StartAsync();

        await EnrolClient.FailsAsync(host.TokenAsync(spiffeId, uses), StatusCode.InvalidArgument);

        Assert.Empty(await host.Store.ReadTokensAsync(MtlsHost.TrustDomain, default));
    }
}
