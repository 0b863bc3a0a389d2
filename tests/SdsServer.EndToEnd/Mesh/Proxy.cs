using System.Net;
using System.Net.Sockets;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>One sidecar of a workload, its way to the server, and what it has counted.</summary>
internal sealed class Proxy : IAsyncDisposable
{
    private long _before;
    private (int Process, string Serial, long Updates) _lastLeaf;

    private readonly ReservedPort? _admin;

    private Proxy(string nodeId, ServerLink? link, ReservedPort? admin, ServerLink? adminLink, EnvoySidecar envoy) =>
        (NodeId, Link, _admin, AdminLink, Envoy) = (nodeId, link, admin, adminLink, envoy);

    /// <summary>Unlike any other in the mesh.</summary>
    public string NodeId { get; }

    /// <summary>Its way to the server; null when it connects directly.</summary>
    public ServerLink? Link { get; }

    /// <summary>The server's way to its admin; null when its node states none, or the admin's own port.</summary>
    public ServerLink? AdminLink { get; }

    public EnvoySidecar Envoy { get; }

    /// <param name="bootstrap">All of it but what leads to the server and says who is calling.</param>
    /// <param name="token">The bearer token it shows; null: the server knows it by its user.</param>
    public static async Task<Proxy> StartAsync(MeshOptions options, ServerProcess server, string nodeId, string? token, Bootstrap bootstrap)
    {
        EndPoint address = options.Transport is SdsTransport.Unix ? new UnixDomainSocketEndPoint(server.Socket) : server.Tcp;
        ServerLink? link = options.Linked(nodeId) ? ServerLink.To(address) : null;
        bootstrap = options.Transport is SdsTransport.Unix
            ? bootstrap.With("sds-socket", link?.Socket ?? server.Socket)
            : options.OwnServing is { } anchors ? OverOwnTls(bootstrap, link?.Port ?? server.Tcp.Port, anchors(nodeId, server))
            : bootstrap.OverTls()
                .With("sds-host", "127.0.0.1").With("sds-port", $"{link?.Port ?? server.Tcp.Port}")
                .With("sds-server-name", ServerProcess.TlsName).With("sds-server-san", ServerProcess.TlsName)
                .With("sds-ca-file", server.RootFile);
        ReservedPort? admin = options.AdminLinked is null ? null : ReservedPort.Take();
        ServerLink? adminLink = admin is not null && options.AdminLinked!(nodeId) ? ServerLink.To(admin.Endpoint) : null;
        bootstrap = admin is null ? bootstrap : bootstrap.WithAdminPort(adminLink?.Port ?? admin.Number);
        bootstrap = token is null ? bootstrap.WithoutToken() : bootstrap.With("token", $"Bearer {token}");
        EnvoySidecar envoy = await EnvoySidecar.StartAsync(options.Envoy, bootstrap.With("node-id", nodeId), new SidecarOptions { Uid = token is null ? options.Uid : null, AdminPort = admin?.Number ?? 0 });
        return new Proxy(nodeId, link, admin, adminLink, envoy);
    }

    private static Bootstrap OverOwnTls(Bootstrap bootstrap, int port, (string SecretFile, IReadOnlyList<string> Digests) anchors)
    {
        bootstrap = bootstrap.OverOwnTls()
            .With("sds-host", "127.0.0.1").With("sds-port", $"{port}")
            .With("sds-server-name", ServerProcess.TlsName).With("sds-server-id", $"spiffe://{Workloads.TrustDomain}/sds-server")
            .With("sds-anchors-secret-file", anchors.SecretFile);
        return anchors.Digests.Count == 0 ? bootstrap : bootstrap.WithAnchors(anchors.Digests);
    }

    /// <summary>The serial number of the one leaf it has in force, or null.</summary>
    public async Task<string?> LeafSerialAsync(CancellationToken cancellation = default) =>
        (await Envoy.Admin.CertificatesAsync(cancellation)).Leaves.Select(leaf => leaf.SerialNumber).Distinct().ToArray() is [var only] ? only : null;

    /// <summary>A leaf that is in force and was not the last time must have been put to use in between, by Envoy's own count.</summary>
    public async Task AssertPutToUseAsync()
    {
        string? serial = await LeafSerialAsync();
        long updates = (await Envoy.Admin.StatsAsync()).ContextUpdates;
        Assert.NotNull(serial);
        if (_lastLeaf.Process == Envoy.ProcessId && _lastLeaf.Serial != serial)
        {
            Assert.True(updates > _lastLeaf.Updates, $"{NodeId} shows leaf {serial} and has rebuilt no TLS context since {_lastLeaf.Serial}");
        }

        _lastLeaf = (Envoy.ProcessId, serial, updates);
    }

    /// <summary>Full handshakes of all its processes.</summary>
    public long FullHandshakes(EnvoyStats stats) => _before + stats.FullHandshakes;

    /// <summary>Takes the process's count over before it ends and its successor begins at nothing.</summary>
    public async Task CarryCountAsync() => _before = FullHandshakes(await Envoy.Admin.StatsAsync());

    public async ValueTask DisposeAsync()
    {
        await Envoy.DisposeAsync();
        await (Link?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (AdminLink?.DisposeAsync() ?? ValueTask.CompletedTask);
        _admin?.Dispose();
    }
}
