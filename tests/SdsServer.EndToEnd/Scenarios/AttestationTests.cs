using SdsServer.EndToEnd.Mesh;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Kubernetes;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>
/// A real Envoy that is known by each kind of evidence, from what an operator sets up to mTLS with another Envoy, which lets in nobody but the SPIFFE ID that
/// the evidence stands for.
/// </summary>
public sealed class AttestationTests : IDisposable
{
    private const string Caller = "spiffe://example.org/ns/shop/sa/cart";
    private const string Callee = "spiffe://example.org/callee";
    private const int Handshakes = 10;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TemporaryDirectory _folder = new("attestation");
    private readonly ReservedPort _plain = ReservedPort.Take();
    private readonly ReservedPort _mtls = ReservedPort.Take();

    public void Dispose()
    {
        _plain.Dispose();
        _mtls.Dispose();
        _folder.Dispose();
    }

    [EnvoyWithKubernetesTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task By_a_token_of_Kubernetes(bool reviewed)
    {
        await using KubernetesApi api = await KubernetesApi.StartAsync();
        await api.AddServiceAccountAsync("cart");
        await api.AddServiceAccountAsync("sdsserver");
        await api.AllowReviewsAsync("sdsserver");
        _folder.WritePrivate("reviewer", await api.TokenAsync("sdsserver", audience: null));
        await File.WriteAllTextAsync(_folder.PathOf("token.yaml"), Bootstrap.Token(await api.TokenAsync("cart", "sdsserver")));
        const string issuer = "JwtIssuers:0:";
        await using ServerProcess server = await ServerProcess.StartAsync(
            [
                $"{issuer}Issuer={api.Issuer}", $"{issuer}CaFile={api.CaFile}", $"{issuer}BearerTokenFile={_folder.PathOf("reviewer")}", $"{issuer}Audiences:0=sdsserver",
                $"{issuer}SpiffeId=spiffe://{{trustDomain}}/ns/{{/kubernetes.io/namespace}}/sa/{{/kubernetes.io/serviceaccount/name}}",
                .. reviewed ? (string[])[$"{issuer}Review:Url={api.Issuer}", $"{issuer}Review:MaxAge=00:00:01"] : [],
            ]);
        Bootstrap bootstrap = Over(server, Bootstrap.Shipped(SidecarRole.Client, XdsProtocol.Delta).OverTls().WithTokenFromFile().With("token-file", _folder.PathOf("token.yaml")));

        await HandshakesAsync(server, reviewed ? EnvoyBinary.Found[0] : EnvoyBinary.Found[^1], bootstrap, async caller =>
        {
            // The signature is as good as before: only the API server knows.
            await api.DeleteServiceAccountAsync("cart");
            if (reviewed)
            {
                await Condition.AwaitAsync("the deleted account's Envoy to be refused", Limit, async token =>
                    server.Log.Contains("(NotAuthenticated)", StringComparison.Ordinal) && await ActiveAsync(caller, token) == 0, () => server.Log);
            }
            else
            {
                Assert.Equal(2, await ActiveAsync(caller, default));
            }
        });
    }

    [EnvoyFact]
    public async Task By_a_join_token_and_the_certificate_it_brings()
    {
        await using ServerProcess server = await ServerProcess.StartAsync([]);
        string[] admin = ["--server", $"unix://{server.AdminSocket}"];
        await Sdsctl.RunAsync(["token", "create", "--join", "--uses", "1", "spiffe://example.org/ns/shop/sa/*", "-o", _folder.PathOf("join.token"), .. admin]);
        Assert.Contains("never", await Sdsctl.RunAsync(["token", "list", .. admin]), StringComparison.Ordinal);

        await Sdsctl.RunAsync(
            "enrol", $"https://localhost:{server.Tcp.Port}", "--ca", server.RootFile, "--token-file", _folder.PathOf("join.token"), "--spiffe-id", Caller, "-o", _folder.PathOf("client"));

        Assert.DoesNotContain("never", await Sdsctl.RunAsync(["token", "list", .. admin]), StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder.PathOf("certificate.yaml"), Bootstrap.ClientCertificate(_folder.PathOf("client"), _folder.PathOf("client/client.pem")));
        Bootstrap bootstrap = Over(server, Bootstrap.Shipped(SidecarRole.Client, XdsProtocol.Delta).OverMtls().WithoutToken().With("client-certificate-file", _folder.PathOf("certificate.yaml")));
        await HandshakesAsync(server, EnvoyBinary.Found[^1], bootstrap);
    }

    [EnvoyFact]
    public async Task By_its_user_on_the_Unix_socket()
    {
        await using ServerProcess server = await ServerProcess.StartAsync([]);
        (_, string user) = await RealProgram.RunAsync("id", ["-u"], Limit);
        await Sdsctl.RunAsync("registration", "create", Caller, "--selector", $"unix:uid:{user.Trim()}", "--server", $"unix://{server.AdminSocket}");

        await HandshakesAsync(server, EnvoyBinary.Found[0], Bootstrap.Shipped(SidecarRole.Client, XdsProtocol.Sotw).WithoutToken().With("sds-socket", server.Socket));
    }

    private static async Task<long> ActiveAsync(EnvoySidecar sidecar, CancellationToken cancellation) =>
        (await sidecar.Admin.StatsAsync(cancellation)).Value("cluster.sds.upstream_rq_active");

    private static Bootstrap Over(ServerProcess server, Bootstrap bootstrap) => bootstrap
        .With("sds-host", "127.0.0.1").With("sds-port", $"{server.Tcp.Port}").With("sds-server-name", ServerProcess.TlsName).With("sds-server-san", ServerProcess.TlsName)
        .With("sds-ca-file", server.RootFile);

    /// <summary>A client sidecar with this bootstrap calls a server sidecar that lets in one SPIFFE ID alone.</summary>
    private async Task HandshakesAsync(ServerProcess server, EnvoyBinary envoy, Bootstrap bootstrap, Func<EnvoySidecar, Task>? then = null)
    {
        using Operator operators = new(server.AdminSocket);
        await using EchoApp app = await EchoApp.StartAsync();
        await using EnvoySidecar callee = await EnvoySidecar.StartAsync(envoy, Bootstrap.Shipped(SidecarRole.Server, XdsProtocol.Delta)
            .With("sds-socket", server.Socket).With("token", $"Bearer {await operators.CreateTokenAsync(Callee)}").With("node-id", "callee-1").With("node-cluster", "callee")
            .With("listen-address", "127.0.0.1").With("listen-port", $"{_mtls.Number}").With("app-port", $"{app.Port}").With("peer-spiffe-id", Caller));
        await using EnvoySidecar caller = await EnvoySidecar.StartAsync(envoy, bootstrap
            .With("node-id", "caller-1").With("node-cluster", "caller").With("listen-port", $"{_plain.Number}")
            .With("peer-host", "127.0.0.1").With("peer-port", $"{_mtls.Number}").With("peer-spiffe-id", Callee));
        await callee.WhenLiveAsync(Limit);
        await Condition.AwaitAsync("the caller to be LIVE", Limit, async token => await caller.Admin.StateAsync(token) == "LIVE", () => caller.Log + server.Log);

        await using TrafficProbe traffic = new(_plain.Endpoint, TimeSpan.FromMilliseconds(20));
        await traffic.AwaitFreshAsync(Handshakes, Limit);

        Assert.True(traffic.Count.Failed == 0, $"{traffic.FirstFailure}{Environment.NewLine}{caller.Log}{callee.Log}");
        Assert.True((await callee.Admin.StatsAsync()).FullHandshakes >= Handshakes);
        Assert.Equal(0, (await callee.Admin.StatsAsync()).RefusedNames);
        Assert.Contains((await caller.Admin.CertificatesAsync()).Leaves, leaf => leaf.Uris is [Caller]);
        Assert.Equal(Caller, Assert.Single(await operators.InstancesAsync("caller-1")).SpiffeId);
        await (then?.Invoke(caller) ?? Task.CompletedTask);
    }
}
