using System.Security.Cryptography.X509Certificates;
using SdsServer.EndToEnd.Mesh;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Driver;

/// <summary>Real Envoys that show a client certificate to the real server, by the file of <c>deploy/envoy</c>, and the real command line that gets it for them.</summary>
public sealed class ClientCertificateTests : IDisposable
{
    private const string Cart = "spiffe://example.org/ns/shop/cart";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TemporaryDirectory _folder = new("mtls");
    private readonly ScratchAuthority _operators = new("operators");
    private readonly ReservedPort _adminPort = ReservedPort.Take();

    public void Dispose()
    {
        _adminPort.Dispose();
        _operators.Dispose();
        _folder.Dispose();
    }

    [EnvoyFact]
    public async Task An_Envoy_lives_on_the_certificate_of_an_enrolment_until_that_is_revoked()
    {
        await using ServerProcess server = await StartServerAsync();
        string token = (await SdsctlAsync(server, "token", "create", "--join", "spiffe://example.org/ns/shop/*", "-q")).Trim();
        await File.WriteAllTextAsync(_folder.PathOf("join.token"), token);
        string[] enrol = ["enrol", $"https://localhost:{server.Tcp.Port}", "--ca", server.RootFile, "-o", _folder.PathOf("client"), "--json"];

        await SdsctlAsync(server, [.. enrol, "--token-file", _folder.PathOf("join.token"), "--spiffe-id", Cart]);

        string file = _folder.PathOf("client/client.pem");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await using EnvoySidecar envoy = await EnvoySidecar.StartAsync(EnvoyBinary.Found[0], Over(server, _folder.PathOf("client"), file));
        await envoy.WhenLiveAsync(Limit);
        Assert.Contains((await envoy.Admin.CertificatesAsync()).Leaves, leaf => leaf.Uris.Contains(Cart) && leaf.Origin == "<inline>");

        // The renewed file is taken without a restart, and is what the next connection shows.
        string before = Serial();
        Assert.Contains((await envoy.Admin.CertificatesAsync()).Leaves, leaf => leaf.SerialNumber == before);
        await SdsctlAsync(server, [.. enrol, "--renew"]);
        Assert.NotEqual(before, Serial());
        await Condition.AwaitAsync("Envoy to take the renewed certificate", Limit, async cancellation =>
            (await envoy.Admin.CertificatesAsync(cancellation)).Leaves.Any(leaf => leaf.SerialNumber == Serial()), () => envoy.Log);

        Assert.Contains("revoked 2 certificates", await SdsctlAsync(server, "enrolment", "revoke", Cart, "-f", "--reason", "stolen"), StringComparison.Ordinal);

        await Condition.AwaitAsync("Envoy to lose its streams", Limit, async cancellation =>
            (await envoy.Admin.StatsAsync(cancellation)).Value("cluster.sds.upstream_rq_active") == 0, () => envoy.Log);
        await Condition.AwaitAsync("the server to refuse it", Limit, _ => Task.FromResult(server.Log.Contains("(Revoked)", StringComparison.Ordinal)), () => server.Log);
        Assert.Contains($"token:{token.Split('_')[1]}", await SdsctlAsync(server, "audit", "list"), StringComparison.Ordinal);
        Assert.DoesNotContain(token.Split('_', 3)[2], server.Log, StringComparison.Ordinal);

        string Serial()
        {
            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
            return certificate.SerialNumber.TrimStart('0').ToLowerInvariant();
        }
    }

    [EnvoyFact]
    public async Task An_Envoy_lives_on_a_leaf_of_the_mesh()
    {
        const string workload = "mtls-leaf";
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(EnvoyBinary.Found[0], XdsProtocol.Delta, SdsTransport.Unix));
        HeldLeaf leaf = await HeldLeaf.TakeAsync(mesh, workload, "agent");
        string file = _folder.PathOf("leaf.pem");
        await File.WriteAllTextAsync(file, leaf.ChainPem + leaf.KeyPem);

        await using EnvoySidecar envoy = await EnvoySidecar.StartAsync(EnvoyBinary.Found[0], Over(mesh.Server, _folder.Path, file));
        await envoy.WhenLiveAsync(Limit);

        Assert.Contains((await envoy.Admin.CertificatesAsync()).Leaves, mine => mine.Uris.Any(uri => uri.EndsWith(workload, StringComparison.Ordinal)) && mine.Origin == "<inline>");
    }

    private async Task<ServerProcess> StartServerAsync()
    {
        await File.WriteAllTextAsync(_folder.PathOf("operators.pem"), _operators.RootPem);
        return await ServerProcess.StartAsync(
            [
                $"Admin:Tcp={_adminPort.Endpoint}", $"Admin:ClientCaFile={_folder.PathOf("operators.pem")}",
                "Admin:Roles:0:SpiffeId=spiffe://corp.example/ops/alice", "Admin:Roles:0:Role=admin",
            ]);
    }

    /// <summary>Runs the command line as an operator from elsewhere.</summary>
    private async Task<string> SdsctlAsync(ServerProcess server, params string[] arguments)
    {
        string certificate = _folder.PathOf("alice.pem");
        if (!File.Exists(certificate))
        {
            (string chain, string key) = _operators.Issue(uri: "spiffe://corp.example/ops/alice");
            await File.WriteAllTextAsync(certificate, chain + "\n" + key);
        }

        string[] global = arguments[0] == "enrol" ? [] : ["--server", $"https://localhost:{_adminPort.Endpoint.Port}", "--cert", certificate, "--ca", server.RootFile];
        return await Sdsctl.RunAsync([.. arguments, .. global]);
    }

    /// <summary>A server sidecar that shows this certificate to the SDS server, and no token.</summary>
    private Bootstrap Over(ServerProcess server, string directory, string file)
    {
        File.WriteAllText(_folder.PathOf("sds-client-certificate.yaml"), Bootstrap.ClientCertificate(directory, file));
        return Bootstrap.Shipped(SidecarRole.Server, XdsProtocol.Delta).OverMtls().WithoutToken()
            .With("sds-host", "127.0.0.1").With("sds-port", $"{server.Tcp.Port}").With("sds-server-name", ServerProcess.TlsName).With("sds-server-san", ServerProcess.TlsName)
            .With("sds-ca-file", server.RootFile).With("client-certificate-file", _folder.PathOf("sds-client-certificate.yaml"))
            .With("node-id", "cart-1").With("node-cluster", "cart").With("listen-address", "127.0.0.1").With("listen-port", "0").With("app-port", "1");
    }
}
