using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc.Server;

namespace SdsServer.Xds;

/// <summary>The xDS services of one trust domain, ready to be mapped on listeners.</summary>
internal sealed class XdsServices
{
    private readonly DiscoveryServer _server;
    private readonly SecretDiscoveryService _secrets;

    /// <param name="port">The owner of the trust domain.</param>
    /// <param name="names">What a name stands for.</param>
    /// <param name="authenticate">Who calls.</param>
    /// <param name="currentBundle">The bundle for unary calls; null before there is one.</param>
    /// <param name="limits">What one client may take.</param>
    /// <param name="controlPlane">Id and version of this server, shown by each Envoy as a text statistic.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes the 2xxx events.</param>
    public XdsServices(
        FleetPort port,
        SecretNames names,
        AuthenticateCaller authenticate,
        Func<BundlePayload?> currentBundle,
        XdsLimits limits,
        string controlPlane,
        TimeProvider time,
        ILogger<DiscoveryServer> logger)
    {
        _server = new DiscoveryServer(port, names, authenticate, limits, new SecretEncoder(controlPlane), time, logger);
        _secrets = new SecretDiscoveryService(_server, currentBundle);
    }

    /// <summary>The streams that are open now.</summary>
    public StreamRegistry Streams => _server.Streams;

    /// <summary>What evidence is worth may have changed: every stream looks at its own again.</summary>
    public void Reconsider()
    {
        foreach (OpenStream stream in Streams.Open)
        {
            stream.Reconsider();
        }
    }

    /// <summary>SDS and ADS, for proxies.</summary>
    public void MapDiscovery(GrpcRoutes routes) => routes
        .MapService(SecretDiscoveryService.Descriptor, _secrets.Bind)
        .MapService(AggregatedDiscoveryService.Descriptor, new AggregatedDiscoveryService(_server).Bind);

    /// <summary>CSDS, for operators: it shows every client.</summary>
    /// <param name="require">Throws for a caller who may not look.</param>
    public void MapClientStatus(GrpcRoutes routes, Action<ServerCallContext> require) =>
        routes.MapService(ClientStatusService.Descriptor, new ClientStatusService(Streams, require).Bind);
}
