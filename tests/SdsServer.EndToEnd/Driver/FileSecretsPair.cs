using System.Net;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Processes;
using SdsServer.Testing.Pki;

namespace SdsServer.EndToEnd.Driver;

/// <summary>Two Envoys that do mTLS with secrets from files, and an application behind the second.</summary>
internal sealed class FileSecretsPair : IAsyncDisposable
{
    private readonly ReservedPort _plain = ReservedPort.Take();
    private readonly ReservedPort _mtls = ReservedPort.Take();
    private EchoApp? _app;

    public ScratchAuthority Authority { get; } = new("root one");

    public FileSecrets ClientSecrets { get; } = new();

    public FileSecrets ServerSecrets { get; } = new();

    public EnvoySidecar Client { get; private set; } = null!;

    public EnvoySidecar Server { get; private set; } = null!;

    public IPEndPoint Plain => _plain.Endpoint;

    public IPEndPoint Mtls => _mtls.Endpoint;

    public static async Task<FileSecretsPair> StartAsync(EnvoyBinary binary, SidecarOptions? clientOptions = null)
    {
        FileSecretsPair pair = new();
        pair._app = await EchoApp.StartAsync();
        pair.ClientSecrets.WriteBundle(pair.Authority.RootPem);
        pair.ServerSecrets.WriteBundle(pair.Authority.RootPem);
        pair.ClientSecrets.WriteLeaf(pair.Authority.Issue("spiffe://example.org/svc-a"));
        pair.ServerSecrets.WriteLeaf(pair.Authority.Issue("spiffe://example.org/svc-b"));
        pair.Server = await EnvoySidecar.StartAsync(binary, File(SidecarRole.Server, "server", pair.ServerSecrets)
            .With("listen-port", $"{pair._mtls.Number}").With("app-port", $"{pair._app.Port}"));
        pair.Client = await EnvoySidecar.StartAsync(binary, File(SidecarRole.Client, "client", pair.ClientSecrets)
            .With("listen-port", $"{pair._plain.Number}").With("peer-port", $"{pair._mtls.Number}"), clientOptions);
        await Task.WhenAll(pair.Client.WhenLiveAsync(), pair.Server.WhenLiveAsync());
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await (Client?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Server?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_app?.DisposeAsync() ?? ValueTask.CompletedTask);
        ClientSecrets.Dispose();
        ServerSecrets.Dispose();
        Authority.Dispose();
        _plain.Dispose();
        _mtls.Dispose();
    }

    private static Bootstrap File(SidecarRole role, string side, FileSecrets secrets) =>
        Bootstrap.FromFile(role, Path.Combine(RepositoryRoot.Path, "tests", "SdsServer.EndToEnd", "Driver", $"{side}-from-files.yaml"))
            .With("leaf-file", secrets.LeafFile).With("bundle-file", secrets.BundleFile);
}
