using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using SdsServer.Core.Fleet;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Testing;
using SdsServer.Tests.Enrolment;
using SdsServer.Tests.Identity.Jwt;
using SdsServer.Tests.Identity.Registrations;
using SdsServer.Tests.Identity.X509;
using SdsServer.Tests.Xds;
using Metadata = SdsServer.Grpc.Metadata;

namespace SdsServer.Tests.Identity;

/// <summary>The whole server with one caller that is known by evidence of some kind, and others by tokens where it connects, too.</summary>
internal sealed class AttestedHost : IAsyncDisposable
{
    private readonly MtlsHost _mesh;
    private readonly bool _isLocal;
    private X509Certificate2? _certificate;

    private AttestedHost(MtlsHost mesh, bool isLocal) => (_mesh, _isLocal) = (mesh, isLocal);

    /// <summary>What the caller sends beside its certificate.</summary>
    public Metadata Headers { get; private set; } = [];

    public static string IdOf(string who) => $"spiffe://example.org/{who}";

    /// <summary>Keys of <see cref="TestIssuer"/>, whose tokens name the service account.</summary>
    public static void TrustIssuer(SdsServer.Hosting.ServerOptions options, SdsServer.Testing.Processes.TemporaryDirectory directory)
    {
        string keys = directory.PathOf("keys.json");
        File.WriteAllText(keys, TestIssuer.Keys);
        JwtIssuerOptions issuer = TestIssuer.Options(keys);
        issuer.SpiffeId = "spiffe://{trustDomain}/{/kubernetes.io/serviceaccount/name}";
        options.JwtIssuers.Add(issuer);
    }

    /// <summary>A token of that issuer, good for an hour.</summary>
    public static string JwtOf(string who, DateTimeOffset now)
    {
        JsonObject claims = TestIssuer.Claims(now);
        TestIssuer.Kubernetes(claims)["serviceaccount"] = new JsonObject { ["name"] = who };
        return TestIssuer.Signed(TestIssuer.Header().ToJsonString(), claims.ToJsonString(), data => TestIssuer.Sign(data, "RS256", "rsa"));
    }

    public static Metadata Bearer(string token) => new() { { "authorization", $"Bearer {token}" } };

    public static async Task<AttestedHost> StartAsync(Attestation by, string caller)
    {
        MtlsHost mesh = await MtlsHost.StartAsync((options, directory) =>
        {
            // Nobody waits for others of its key that may come back.
            options.Fleet = options.Fleet with { ReconnectWindow = TimeSpan.FromMilliseconds(50), ReconnectSpread = TimeSpan.FromMilliseconds(1) };
            TrustIssuer(options, directory);
            if (by == Attestation.UnixPeer)
            {
                options.UnixPeers.Add(new UnixPeerOptions { Uid = UnixUser.Id, SpiffeId = IdOf(caller) });
            }
        });
        AttestedHost host = new(mesh, by == Attestation.UnixPeer);
        switch (by)
        {
            case Attestation.Jwt:
                host.Headers = Bearer(JwtOf(caller, TimeProvider.System.GetUtcNow()));
                break;
            case Attestation.Svid:
                host._certificate = (await mesh.MeshRootAsync()).Leaf(IdOf(caller)).Make();
                break;
            case Attestation.Enrolment:
                EnrolClient client = new(mesh);
                host._certificate = client.Show(await client.EnrolAsync(await mesh.TokenAsync(IdOf(caller), uses: 1)));
                break;
        }

        return host;
    }

    /// <summary>A connection of the caller's.</summary>
    public GrpcChannel Connect() => Connect(_certificate);

    /// <summary>A proxy of the caller's.</summary>
    public AttestedProxy Open(Transport transport, Node claims) => new(Connect(), transport, Headers, claims);

    /// <summary>A proxy that is known by a token and connects from where the caller does.</summary>
    public async Task<AttestedProxy> OpenOtherAsync(string who, Transport transport, Node claims) =>
        new(Connect(null), transport, Bearer(await _mesh.TokenAsync(IdOf(who))), claims);

    public Task<InstanceView[]> InstancesOfAsync(string who) =>
        _mesh.Loop.ReadAsync(engine => engine.Instances().Where(view => view.Key.SpiffeId == IdOf(who)).ToArray(), default);

    /// <summary>Its one process, once that has taken its leaf.</summary>
    public Task<InstanceView> JoinedAsync(string who) => Condition.AwaitAsync<InstanceView>(
        $"{who} to have its leaf", MtlsHost.Limit,
        async _ => await InstancesOfAsync(who) is [{ Member: true, Outstanding: [{ State: LeafState.Acked }] } only] ? only : null);

    public async ValueTask DisposeAsync()
    {
        await _mesh.DisposeAsync();
        _certificate?.Dispose();
    }

    private GrpcChannel Connect(X509Certificate2? certificate) =>
        _isLocal ? GrpcChannel.ForAddress($"unix://{_mesh.XdsSocket}", new GrpcChannelOptions { SingleConnection = true }) : _mesh.Connect(certificate);
}
