using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Tests.Admin;
using RotationKind = SdsServer.Protos.Admin.V1.RotationKind;
using RotationPolicy = SdsServer.Protos.Admin.V1.RotationPolicy;

namespace SdsServer.Tests.Identity.X509;

/// <summary>Leaves of the mesh as evidence, and what is none, over real TLS.</summary>
public sealed class SvidTests
{
    private static readonly Dictionary<string, Func<Forged, Forged>> s_attacks = new()
    {
        ["an expired certificate"] = root => root.Leaf(MtlsHost.Web) with { NotBefore = Now.AddHours(-2), NotAfter = Now.AddSeconds(-1) },
        ["a certificate that is not valid yet"] = root => root.Leaf(MtlsHost.Web) with { NotBefore = Now.AddMinutes(10) },
        ["another authority of the same name"] = root => (root with { Key = Forged.Authority("x").Key }).Leaf(MtlsHost.Web),
        ["another authority of the same name without key identifiers"] = root => (root with { Key = Forged.Authority("x").Key, KeyIdentifier = null }).Leaf(MtlsHost.Web),
        ["a leaf that is CA:TRUE"] = root => root.Leaf(MtlsHost.Web) with { IsAuthority = true },
        ["a leaf whose key usage is an authority's"] = root => root.Leaf(MtlsHost.Web) with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign },
        ["a leaf without digitalSignature"] = root => root.Leaf(MtlsHost.Web) with { KeyUsage = X509KeyUsageFlags.KeyEncipherment },
        ["a leaf without a key usage"] = root => root.Leaf(MtlsHost.Web) with { KeyUsage = null },
        ["two URI names"] = root => root.Leaf(MtlsHost.Web, "spiffe://example.org/ns/shop/admin"),
        ["the same URI name twice"] = root => root.Leaf(MtlsHost.Web, MtlsHost.Web),
        ["no URI name"] = root => root.Leaf() with { DnsNames = ["web.shop"] },
        ["another trust domain"] = root => root.Leaf("spiffe://other.org/ns/shop/web"),
        ["the trust domain in upper case"] = root => root.Leaf("spiffe://EXAMPLE.ORG/ns/shop/web"),
        ["the trust domain itself"] = root => root.Leaf("spiffe://example.org"),
        ["a path that leads upwards"] = root => root.Leaf("spiffe://example.org/ns/../admin"),
        ["an encoded dot"] = root => root.Leaf("spiffe://example.org/ns/%2e%2e/admin"),
        ["an ID that is no URI of ours"] = root => root.Leaf("https://example.org/ns/shop/web"),
        ["for servers only"] = root => root.Leaf(MtlsHost.Web) with { ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.1"] },
        ["self-signed with our ID"] = _ => new Forged { Uris = [MtlsHost.Web] },
        ["self-signed in the name of our root"] = root => new Forged { Uris = [MtlsHost.Web], SubjectDer = root.SubjectDer, KeyIdentifier = root.KeyIdentifier },
        ["below a leaf of ours"] = root => (root.Leaf(MtlsHost.Web) with { Subject = "CN=leaf" }).Leaf("spiffe://example.org/ns/shop/admin"),
    };

    public static TheoryData<string> Attacks => [.. s_attacks.Keys];

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task A_leaf_of_the_mesh_opens_a_stream_of_its_workload()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        Forged root = await host.MeshRootAsync();

        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync(root.Leaf(MtlsHost.Web).Make()));
        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync((root.Leaf(MtlsHost.Web) with { ExtendedKeyUsage = null }).Make()));
        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync((root.Leaf(MtlsHost.Web) with { NotBefore = Now.AddSeconds(30) }).Make()));
    }

    [Fact]
    public async Task Without_a_certificate_a_connection_comes_about_and_is_nobody()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();

        Status status = await host.RefusesAsync(null);

        Assert.Equal(StatusCode.Unauthenticated, status.Code);
        Assert.StartsWith("no workload identity", status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Is_refused_and_logged(string attack)
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        Forged root = await host.MeshRootAsync();
        Forged forged = s_attacks[attack](root);
        X509Certificate2[] sent = forged.Issuer is { } issuer && issuer.Key != root.Key ? [issuer.Make()] : [];

        Status status = await host.RefusesAsync(forged.Make(), sent);

        Assert.Equal(StatusCode.Unauthenticated, status.Code);
        Assert.StartsWith("the client certificate is refused: ", status.Detail, StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, line => line.Id == 6101);
        Assert.Empty(await host.Loop.ReadAsync(engine => engine.Instances(), default));
    }

    [Fact]
    public async Task A_stream_ends_when_its_certificate_does()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        Forged root = await host.MeshRootAsync();
        await using SecretCall stream = host.Open((root.Leaf(MtlsHost.Web) with { NotAfter = Now.AddSeconds(4) }).Make());
        await stream.ReadAsync();

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
    }

    [Fact]
    public async Task Once_its_root_is_tainted_a_leaf_opens_nothing_and_what_it_opened_has_ended()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        Forged stolen = await host.MeshRootAsync();
        using X509Certificate2 leaf = stolen.Leaf(MtlsHost.Web).Make();
        await using SecretCall stream = host.Open(leaf);
        await stream.ReadAsync();

        await TaintAsync(host, new RotationPolicy { SignNotBefore = DateTimeOffset.UtcNow.AddHours(1).ToTimestamp() });

        // It is in the bundle still, for peers: only as evidence it is worth nothing any more.
        TrustState state = await host.Loop.ReadAsync(engine => engine.State, default);
        Assert.Contains(state.Authorities, authority => authority.Tainted && state.Bundle.Contains(authority.RootId));
        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Contains("tainted", (await host.RefusesAsync(leaf)).Detail, StringComparison.Ordinal);
        Assert.Contains("tainted", (await host.RefusesAsync(stolen.Leaf("spiffe://example.org/ns/shop/admin").Make())).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tainted_key_vouches_for_nothing_though_a_trusted_root_has_signed_it()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        Forged stolen = await host.MeshRootAsync();
        await TaintAsync(host);
        await AdminHost.UntilAsync("the new root to sign", async () => (await host.MeshRootAsync()).SubjectDer is { } name && !name.AsSpan().SequenceEqual(stolen.SubjectDer));
        Forged fresh = await host.MeshRootAsync();
        Forged crossSigned = stolen with { SubjectDer = null, Subject = "CN=again", Issuer = fresh };

        Status status = await host.RefusesAsync(crossSigned.Leaf(MtlsHost.Web).Make(), crossSigned.Make());

        Assert.Equal(StatusCode.Unauthenticated, status.Code);
        Assert.Contains("tainted", status.Detail, StringComparison.Ordinal);
        Assert.Equal(MtlsHost.Web, await host.WhoIsAsync(fresh.Leaf(MtlsHost.Web).Make()));
    }

    [Fact]
    public async Task A_token_beside_a_certificate_must_name_the_same_workload()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        Forged root = await host.MeshRootAsync();
        string same = await host.TokenAsync(MtlsHost.Web);
        string other = await host.TokenAsync("spiffe://example.org/ns/shop/other");
        using X509Certificate2 leaf = root.Leaf(MtlsHost.Web).Make();
        using X509Certificate2 strangers = Forged.Authority("CN=stranger").Leaf(MtlsHost.Web).Make();

        await using SecretCall good = new(host.Connect(leaf), Bearer(same));
        await good.ReadAsync();
        await using SecretCall contradicted = new(host.Connect(leaf), Bearer(other));
        await using SecretCall refused = new(host.Connect(strangers), Bearer(same));

        Assert.Equal(StatusCode.Unauthenticated, (await contradicted.StatusAsync()).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await refused.StatusAsync()).Code);
    }

    [Fact]
    public async Task The_machines_own_authorities_count_for_nothing_and_nothing_is_fetched()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();

        // Of an authority that the machine might know: only what is configured counts, and there is nothing configured.
        Status status = await host.RefusesAsync((Forged.Authority("CN=public authority").Leaf() with { DnsNames = ["web.example.org"] }).Make());

        Assert.Contains("is of nobody who is trusted here", status.Detail, StringComparison.Ordinal);
    }

    private static Metadata Bearer(string token) => new() { { "authorization", $"Bearer {token}" } };

    private static async Task TaintAsync(MtlsHost host, RotationPolicy? policy = null)
    {
        long revision = (await host.Loop.ReadAsync(engine => engine.State, default)).Decisions;
        StartRotationRequest request = new()
        {
            Parent = MtlsHost.Domain, ExpectedRevision = revision, RequestId = "e1", Kind = RotationKind.Emergency, NewAuthority = new NewAuthority(), Reason = "stolen", Policy = policy,
        };
        await host.Admin.UnaryAsync(
            new GrpcMethod<StartRotationRequest, StartRotationResponse>(SdsServer.Admin.RotationService.Descriptor, "StartRotation"), request, new(Timeout: MtlsHost.Limit));
    }
}
