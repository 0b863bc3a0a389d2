using SdsServer.Grpc.Server;
using SdsServer.Protos.Envoy.Discovery.V3;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Xds;

/// <summary>
/// envoy.service.discovery.v3.AggregatedDiscoveryService, for secrets alone: requests for other types are never answered, and the stream
/// stays open.
/// </summary>
internal sealed class AggregatedDiscoveryService(DiscoveryServer server)
{
    public static ServiceDescriptor Descriptor { get; } =
        AdsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("AggregatedDiscoveryService");

    public void Bind(GrpcServiceBuilder service) => service
        .LimitRequests(DiscoveryProtocols.MaxRequestSize)
        .Duplex<DiscoveryRequest, DiscoveryResponse>(
            "StreamAggregatedResources",
            (requests, responses, call) => server.ServeAsync(DiscoveryProtocols.Sotw, true, requests, responses.WriteAsync, call),
            DiscoveryProtocols.ParseSotw)
        .Duplex<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
            "DeltaAggregatedResources",
            (requests, responses, call) => server.ServeAsync(DiscoveryProtocols.Delta, true, requests, responses.WriteAsync, call),
            DiscoveryProtocols.ParseDelta);
}
