using System.Net;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>A server sidecar outside the traffic, from the shipped file with what the story changes about session resumption.</summary>
internal sealed class ResumingSidecar : IAsyncDisposable
{
    private readonly TemporaryDirectory _folder = new("resuming");
    private readonly ReservedPort _port = ReservedPort.Take();

    private ResumingSidecar()
    {
    }

    public Proxy Proxy { get; private set; } = null!;

    public IPEndPoint Mtls => _port.Endpoint;

    /// <summary>The shipped file, both kinds of resumption off, open to TLS 1.2 too.</summary>
    public static Task<ResumingSidecar> ShippedAsync(ServiceMesh mesh, string nodeId) => StartAsync(mesh, nodeId, shipped => shipped);

    /// <summary>Tickets on, under keys that come from the server.</summary>
    public static async Task<ResumingSidecar> WithTicketKeysAsync(ServiceMesh mesh, string nodeId)
    {
        string sds = SdsConfig.Of(mesh.Options.Protocol, await mesh.TokenAsync(Workloads.Two));
        return await StartAsync(mesh, nodeId, shipped => Changed(
            shipped, "disable_stateless_session_resumption: true", $"session_ticket_keys_sds_secret_config: {{name: session_ticket_keys, sds_config: {sds}}}"));
    }

    public async ValueTask DisposeAsync()
    {
        await (Proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        _port.Dispose();
        _folder.Dispose();
    }

    private static async Task<ResumingSidecar> StartAsync(ServiceMesh mesh, string nodeId, Func<string, string> change)
    {
        ResumingSidecar sidecar = new();
        string name = mesh.Options.Protocol switch
        {
            XdsProtocol.Sotw => "sotw",
            XdsProtocol.Delta => "delta",
            XdsProtocol.Ads => "ads",
            _ => "ads-delta",
        };
        string shipped = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "deploy", "envoy", $"server-{name}.yaml"));
        string path = sidecar._folder.PathOf("sidecar.yaml");
        await File.WriteAllTextAsync(path, change(Changed(shipped, "tls_minimum_protocol_version: TLSv1_3", "tls_minimum_protocol_version: TLSv1_2")));
        sidecar.Proxy = await Proxy.StartAsync(mesh.Options, mesh.Server, nodeId, await mesh.TokenAsync(Workloads.Two), Bootstrap.FromFile(SidecarRole.Server, path)
            .With("node-cluster", Workloads.Two).With("listen-address", "127.0.0.1").With("listen-port", $"{sidecar._port.Number}")
            .With("app-port", $"{mesh.AppPort}").With("peer-spiffe-id", Workloads.SpiffeId(Workloads.One)));
        await sidecar.Proxy.Envoy.WhenLiveAsync();
        return sidecar;
    }

    private static string Changed(string text, string from, string to) =>
        text.Contains(from, StringComparison.Ordinal) ? text.Replace(from, to, StringComparison.Ordinal) : throw new InvalidOperationException($"the shipped file has no `{from}`");
}
