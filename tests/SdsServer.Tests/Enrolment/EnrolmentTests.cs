using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Enrolment.V1;
using SdsServer.Testing;
using SdsServer.Tests.Identity.X509;
using EnrolmentCommands = SdsServer.Admin.EnrolmentCommands;

namespace SdsServer.Tests.Enrolment;

/// <summary>Joining with a token, and life with the certificate, over real TLS.</summary>
public sealed class EnrolmentTests
{
    private const string Any = "spiffe://example.org/ns/shop/*";

    [Fact]
    public async Task A_token_brings_a_certificate_and_the_certificate_opens_streams_until_it_is_revoked()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);

        ClientCertificate given = await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1));

        Certificate certificate = Assert.Single(Certificate.ParsePem(System.Text.Encoding.ASCII.GetBytes(given.CertificateChain)));
        Assert.Equal((MtlsHost.Web, given.Serial), (Assert.Single(certificate.AlternativeNames.Uris), certificate.Serial));
        Assert.Equal((false, "1.3.6.1.5.5.7.3.2"), (certificate.IsAuthority, Assert.Single(certificate.ExtendedKeyUsage!)));
        Assert.Equal(given.ExpireTime.ToDateTimeOffset(), certificate.NotAfter);
        Assert.True(given.RenewTime.ToDateTimeOffset() < given.ExpireTime.ToDateTimeOffset());
        using X509Certificate2 shown = client.Show(given);
        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync(shown));
        await using SecretCall stream = host.Open(shown);
        await stream.ReadAsync();

        Assert.Equal(1, (await RevokeAsync(host, request => request.Serial = given.Serial)).Revoked);

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Contains("revoked", (await host.RefusesAsync(shown)).Detail, StringComparison.Ordinal);
        await EnrolClient.FailsAsync(client.RenewAsync(shown), StatusCode.Unauthenticated);
    }

    [Fact]
    public async Task No_peer_of_the_mesh_accepts_it_and_no_root_of_the_mesh_makes_one()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);
        Certificate given = Certificate.ParsePem(System.Text.Encoding.ASCII.GetBytes((await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1))).CertificateChain))[0];
        IReadOnlyList<Certificate> mesh = await host.Loop.ReadAsync(engine => engine.State.Roots.Select(root => Certificate.Parse(root.Certificate.AsSpan())).ToList(), default);

        Assert.Equal(ChainFailure.UnknownIssuer, ChainVerifier.Verify([given], [.. mesh], ChainPurpose.Client, given.NotBefore.AddMinutes(6)).Failure);
        Assert.Single((await host.Loop.ReadAsync(engine => engine.State, default)).Bundle);
    }

    [Fact]
    public async Task Who_has_stolen_the_enrolment_authoritys_key_can_make_nothing_that_counts()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);
        ClientCertificate given = await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1));
        Core.Enrolment.EnrolmentAuthority authority = Assert.Single((await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Authorities);
        byte[] pkcs8 = await host.Store.ReadKeyAsync(MtlsHost.TrustDomain, authority.Id, default);
        using SigningAuthority stolen = SigningAuthority.Load(PrivateKey.FromPkcs8(pkcs8), [Certificate.Parse(authority.Certificate.AsSpan())]);

        Forged forged = Forged.Of(stolen).Leaf("spiffe://example.org/ns/shop/admin") with { ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.2"] };
        foreach (Forged attempt in new[] { forged, forged with { Serial = Convert.FromHexString(given.Serial) } })
        {
            Status status = await host.RefusesAsync(attempt.Make());
            Assert.Equal(StatusCode.Unauthenticated, status.Code);
            Assert.Contains("never given by this server", status.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync(client.Show(given)));
    }

    [Fact]
    public async Task Of_many_at_once_exactly_as_many_join_as_the_token_has_uses()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string once = await host.TokenAsync(MtlsHost.Web, uses: 1);
        string thrice = await host.TokenAsync(Any, uses: 3);

        Assert.Equal(1, await JoinAsync(once, number => null));
        Assert.Equal(3, await JoinAsync(thrice, number => $"spiffe://example.org/ns/shop/svc-{number}"));

        Token[] tokens = [.. (await host.Admin.UnaryAsync(
            new GrpcMethod<ListTokensRequest, ListTokensResponse>(SdsServer.Admin.TokenService.Descriptor, "ListTokens"),
            new ListTokensRequest { Parent = MtlsHost.Domain }, new CallOptions(Timeout: MtlsHost.Limit))).Tokens];
        Assert.Equal([(1, 1), (3, 3)], tokens.Select(token => (token.Join.Uses, token.Join.Used)).Order());
        foreach (Token token in tokens)
        {
            string id = token.Name.Split('/')[^1];
            Assert.Contains(
                token.LastUseTime.ToDateTimeOffset(),
                (await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates.Where(given => given.TokenId == id).Select(given => given.IssuedAt));
        }

        Assert.Equal(4, (await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates.Count);
        Assert.Equal(4, (await host.Store.ReadLogAsync(MtlsHost.TrustDomain, 0, 1000, default)).Count(line => line.Kind == "Enrol"));

        async Task<int> JoinAsync(string token, Func<int, string?> idOf)
        {
            bool[] joined = await Task.WhenAll(Enumerable.Range(0, 24).Select(async number =>
            {
                try
                {
                    await new EnrolClient(host).EnrolAsync(token, idOf(number));
                    return true;
                }
                catch (RpcException error) when (error.StatusCode == StatusCode.PermissionDenied && error.Status.Detail.Contains("is spent", StringComparison.Ordinal))
                {
                    return false;
                }
            }));
            return joined.Count(did => did);
        }
    }

    [Fact]
    public async Task The_same_key_soon_gets_the_same_certificate_without_another_use_and_late_it_does_not()
    {
        ManualTime time = new(TimeProvider.System.GetUtcNow());
        await using MtlsHost host = await MtlsHost.StartAsync(time: time);
        EnrolClient client = new(host);
        string token = await host.TokenAsync(MtlsHost.Web, uses: 1);
        ClientCertificate first = await client.EnrolAsync(token);

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(first.Serial, (await client.EnrolAsync(token)).Serial);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains("is spent", await EnrolClient.FailsAsync(client.EnrolAsync(token), StatusCode.PermissionDenied), StringComparison.Ordinal);
        Assert.Contains("is spent", await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token), StatusCode.PermissionDenied), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_dies_after_the_commit_has_spent_the_use_and_gives_the_certificate_to_the_same_key()
    {
        SimulatedDisk disk = new();
        string token;
        EnrolClient client;
        await using (MtlsHost host = await MtlsHost.StartAsync(disk: disk))
        {
            token = await host.TokenAsync(MtlsHost.Web, uses: 1);
            client = new EnrolClient(host);
            disk.AfterCommit = method => method == "EnrolAsync" ? throw new IOException("killed") : Task.CompletedTask;
            await EnrolClient.FailsAsync(client.EnrolAsync(token), StatusCode.Unavailable);
            disk.AfterCommit = _ => Task.CompletedTask;
        }

        await using MtlsHost restarted = await MtlsHost.StartAsync(disk: disk);
        EnrolClient again = new(restarted);
        byte[] request = CertificateSigningRequest.Create(client.Key, id: null);
        Assert.Contains("is spent", await EnrolClient.FailsAsync(again.EnrolAsync(token), StatusCode.PermissionDenied), StringComparison.Ordinal);
        Assert.Equal(MtlsHost.Web, await restarted.WhoIsAsync(client.Show(await again.EnrolAsync(token, request))));
    }

    [Fact]
    public async Task A_use_that_was_not_stored_is_not_spent()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string token = await host.TokenAsync(MtlsHost.Web, uses: 1);
        host.Disk.BeforeCommit = method => method == "EnrolAsync" ? throw new IOException("full") : Task.CompletedTask;
        await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token), StatusCode.Unavailable);
        host.Disk.BeforeCommit = _ => Task.CompletedTask;

        await new EnrolClient(host).EnrolAsync(token);
    }

    [Fact]
    public async Task A_certificate_is_renewed_with_another_key_and_both_are_of_one_enrolment()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);
        ClientCertificate first = await client.EnrolAsync(await host.TokenAsync(Any, uses: 1), MtlsHost.Web);
        using PrivateKey nextKey = PrivateKey.Generate(Core.Pki.KeyAlgorithm.EcdsaP384);

        ClientCertificate second = await client.RenewAsync(client.Show(first), nextKey);

        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync(client.Show(first)));
        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync(client.Show(second, nextKey)));
        await EnrolClient.FailsAsync(client.RenewAsync(client.Show(first), spiffeId: "spiffe://example.org/ns/shop/admin"), StatusCode.PermissionDenied);
        global::SdsServer.Protos.Admin.V1.Enrolment[] listed = [.. (await ListAsync(host)).Enrolments];
        Assert.Equal([first.Serial, first.Serial], listed.Select(enrolment => enrolment.FirstSerial));

        // Whoever stole the first key may have renewed it: one enrolment goes as a whole, whichever of its certificates is named.
        Assert.Equal(2, (await RevokeAsync(host, request => request.Serial = first.Serial)).Revoked);
        Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync(client.Show(second, nextKey))).Code);
        Assert.All((await ListAsync(host)).Enrolments, enrolment => Assert.NotNull(enrolment.RevokeTime));
    }

    [Fact]
    public async Task A_client_cannot_fill_the_disk_with_renewals()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);
        using X509Certificate2 shown = client.Show(await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1)));

        // All are signed before the first of them is stored: counted any earlier, each would find room.
        using Gathering gathering = new(24);
        host.Disk.BeforeCommit = method => method == "RenewEnrolmentAsync" ? gathering.JoinAsync() : Task.CompletedTask;
        string?[] refusals = await Task.WhenAll(Enumerable.Range(0, 24).Select(async _ =>
            (await Record.ExceptionAsync(() => client.RenewAsync(shown)) as RpcException)?.Status.Detail));

        Assert.Equal(9, refusals.Count(refusal => refusal is null));
        Assert.All(refusals.OfType<string>(), refusal => Assert.Contains("renew when half of a certificate's life is over", refusal, StringComparison.Ordinal));
        Assert.Equal(10, (await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates.Count);
        Assert.Equal(9, (await host.Store.ReadLogAsync(MtlsHost.TrustDomain, 0, 1000, default)).Count(line => line.Kind == "RenewEnrolment"));
    }

    [Fact]
    public async Task A_renewal_leaves_a_line_in_the_log_and_one_that_was_not_stored_leaves_none()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);
        ClientCertificate first = await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1));
        ClientCertificate second = await client.RenewAsync(client.Show(first));
        host.Disk.BeforeCommit = method => method == "RenewEnrolmentAsync" ? throw new IOException("full") : Task.CompletedTask;
        await EnrolClient.FailsAsync(client.RenewAsync(client.Show(second)), StatusCode.Unavailable);
        host.Disk.BeforeCommit = _ => Task.CompletedTask;

        ClientCertificate third = await client.RenewAsync(client.Show(second));

        ListAuditEntriesResponse log = await host.Admin.UnaryAsync(
            new GrpcMethod<ListAuditEntriesRequest, ListAuditEntriesResponse>(SdsServer.Admin.AuditService.Descriptor, "ListAuditEntries"),
            new ListAuditEntriesRequest { Parent = MtlsHost.Domain }, new CallOptions(Timeout: MtlsHost.Limit));
        AuditEntry[] lines = [.. log.AuditEntries.Where(line => line.Action == "RenewEnrolment").OrderBy(line => line.Number)];
        Assert.Equal([$"{MtlsHost.Domain}/enrolments/{second.Serial}", $"{MtlsHost.Domain}/enrolments/{third.Serial}"], lines.Select(line => line.Resource));
        Assert.All(lines, line => Assert.Equal(($"enrolment:{first.Serial}", AuditOutcome.Done), (line.Actor, line.Outcome)));
        Assert.Equal(
            $"renew {MtlsHost.Web}: certificate {third.Serial} follows {second.Serial}; from ip:127.0.0.1, key {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(client.Key.PublicKey.Der.Span))}",
            lines[1].Detail);
    }

    [Fact]
    public async Task An_enrolment_ends_with_its_certificate()
    {
        ManualTime time = new(TimeProvider.System.GetUtcNow());
        await using MtlsHost host = await MtlsHost.StartAsync(time: time);
        EnrolClient client = new(host);
        using X509Certificate2 shown = client.Show(await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1)));

        time.Advance(TimeSpan.FromDays(7));

        Assert.Contains("has expired; enrol again", (await host.RefusesAsync(shown)).Detail, StringComparison.Ordinal);
        await EnrolClient.FailsAsync(client.RenewAsync(shown), StatusCode.Unauthenticated);
    }

    [Fact]
    public async Task Another_authority_signs_after_a_rotation_and_certificates_of_the_one_before_count_on()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host), late = new(host);
        using X509Certificate2 before = client.Show(await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1)));
        string oldId = Assert.Single((await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Authorities).Id;

        RotateEnrolmentAuthorityResponse rotated = await host.Admin.UnaryAsync(
            new GrpcMethod<RotateEnrolmentAuthorityRequest, RotateEnrolmentAuthorityResponse>(EnrolmentCommands.Descriptor, "RotateEnrolmentAuthority"),
            new RotateEnrolmentAuthorityRequest { Parent = MtlsHost.Domain, Reason = "yearly" }, new CallOptions(Timeout: MtlsHost.Limit));
        using X509Certificate2 after = late.Show(await late.EnrolAsync(await host.TokenAsync("spiffe://example.org/late", uses: 1)));

        Assert.NotEqual(before.Issuer, after.Issuer);
        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync(before));
        Assert.Equal("spiffe://example.org/late", await host.WhoIsAsync(after));
        Assert.Equal(MtlsHost.Web, (await client.RenewAsync(before)).SpiffeId);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => host.Store.ReadKeyAsync(MtlsHost.TrustDomain, oldId, default));
        Assert.NotEqual(oldId, rotated.Authority);
        Assert.Contains(await host.Store.ReadLogAsync(MtlsHost.TrustDomain, 0, 1000, default), line => line.Kind == "RotateEnrolmentAuthority" && line.Reason == "yearly" && line.Actor.StartsWith("unix:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task To_revoke_an_identity_takes_its_leaves_back_as_evidence()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);
        using X509Certificate2 enrolled = client.Show(await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1)));
        Forged root = await host.MeshRootAsync();
        using X509Certificate2 leaf = root.Leaf(MtlsHost.Web).Make();
        using X509Certificate2 others = root.Leaf("spiffe://example.org/ns/shop/other").Make();
        await using SecretCall byLeaf = host.Open(leaf);
        await byLeaf.ReadAsync();
        await using SecretCall byOther = host.Open(others);
        await byOther.ReadAsync();

        Assert.Equal(1, (await RevokeAsync(host, request => request.SpiffeId = MtlsHost.Web)).Revoked);

        // Or else whoever stole the machine would live on by the leaves it was given, for ever.
        Assert.Equal(StatusCode.Unauthenticated, (await byLeaf.StatusAsync()).Code);
        Assert.Contains("taken back", (await host.RefusesAsync(leaf)).Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync(enrolled)).Code);
        Assert.Equal("spiffe://example.org/ns/shop/other", await host.WhoIsAsync(others));
        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync((root.Leaf(MtlsHost.Web) with { NotBefore = TimeProvider.System.GetUtcNow().AddSeconds(30) }).Make()));
    }

    [Fact]
    public async Task What_is_revoked_stays_so_after_a_restart()
    {
        SimulatedDisk disk = new();
        X509Certificate2 shown, kept, leaf;
        await using (MtlsHost host = await MtlsHost.StartAsync(disk: disk))
        {
            EnrolClient client = new(host), other = new(host);
            shown = client.Show(await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1)));
            kept = other.Show(await other.EnrolAsync(await host.TokenAsync("spiffe://example.org/kept", uses: 1)));
            leaf = (await host.MeshRootAsync()).Leaf(MtlsHost.Web).Make();
            await RevokeAsync(host, request => request.SpiffeId = MtlsHost.Web);
        }

        await using MtlsHost restarted = await MtlsHost.StartAsync(disk: disk);

        Assert.Equal(StatusCode.Unauthenticated, (await restarted.RefusesAsync(shown)).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await restarted.RefusesAsync(leaf)).Code);
        Assert.Equal("spiffe://example.org/kept", await restarted.WhoIsAsync(kept));
    }

    [Fact]
    public async Task To_revoke_nobody_is_told()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();

        await EnrolClient.FailsAsync(RevokeAsync(host, request => request.Serial = "5c0f8e"), StatusCode.NotFound);
        await EnrolClient.FailsAsync(RevokeAsync(host, request => request.Serial = "../x"), StatusCode.InvalidArgument);
        await EnrolClient.FailsAsync(RevokeAsync(host, request => request.SpiffeId = "spiffe://example.org/ns/*"), StatusCode.InvalidArgument);
        await EnrolClient.FailsAsync(RevokeAsync(host, request => request.SpiffeId = "spiffe://other.org/web"), StatusCode.InvalidArgument);
        await EnrolClient.FailsAsync(RevokeAsync(host, _ => { }), StatusCode.InvalidArgument);
    }

    private static Task<RevokeEnrolmentsResponse> RevokeAsync(MtlsHost host, Action<RevokeEnrolmentsRequest> which)
    {
        RevokeEnrolmentsRequest request = new() { Parent = MtlsHost.Domain, Reason = "stolen" };
        which(request);
        return host.Admin.UnaryAsync(
            new GrpcMethod<RevokeEnrolmentsRequest, RevokeEnrolmentsResponse>(EnrolmentCommands.Descriptor, "RevokeEnrolments"), request, new CallOptions(Timeout: MtlsHost.Limit));
    }

    private static Task<ListEnrolmentsResponse> ListAsync(MtlsHost host) => host.Admin.UnaryAsync(
        new GrpcMethod<ListEnrolmentsRequest, ListEnrolmentsResponse>(EnrolmentCommands.Descriptor, "ListEnrolments"),
        new ListEnrolmentsRequest { Parent = MtlsHost.Domain }, new CallOptions(Timeout: MtlsHost.Limit));
}
