using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Secret.V3;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Xds;

/// <summary>envoy.service.secret.v3.SecretDiscoveryService. A request without a type_url means secrets.</summary>
/// <param name="server">The streams' side.</param>
/// <param name="currentBundle">The bundle as it is now; null before there is one.</param>
internal sealed class SecretDiscoveryService(DiscoveryServer server, Func<BundlePayload?> currentBundle)
{
    public static ServiceDescriptor Descriptor { get; } =
        SdsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("SecretDiscoveryService");

    public void Bind(GrpcServiceBuilder service) => service
        .LimitRequests(DiscoveryProtocols.MaxRequestSize)
        .Duplex<DiscoveryRequest, DiscoveryResponse>(
            "StreamSecrets",
            (requests, responses, call) => server.ServeAsync(DiscoveryProtocols.Sotw, false, requests, responses.WriteAsync, call),
            DiscoveryProtocols.ParseSotw)
        .Duplex<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
            "DeltaSecrets",
            (requests, responses, call) => server.ServeAsync(DiscoveryProtocols.Delta, false, requests, responses.WriteAsync, call),
            DiscoveryProtocols.ParseDelta)
        .Unary<DiscoveryRequest, DiscoveryResponse>("FetchSecrets", FetchAsync, DiscoveryProtocols.ParseSotw);

    private async Task<DiscoveryResponse> FetchAsync(DiscoveryRequest request, ServerCallContext call)
    {
        (_, Caller caller) = await server.IdentifyAsync(request.Node, call);
        if (request.TypeUrl.Length > 0 && request.TypeUrl != SecretType.Url)
        {
            throw new RpcException(StatusCode.InvalidArgument, $"FetchSecrets answers {SecretType.Url} only");
        }

        string[] bundles = BundleNames(request, caller.Workload);
        BundlePayload bundle = currentBundle()?.For(caller.Workload.Peers)
            ?? throw new RpcException(StatusCode.Unavailable, "there is no trust bundle yet; try again");
        return server.Encoder.Unary(bundle.Version, bundles.Select(name => (name, bundle)));
    }

    private string[] BundleNames(DiscoveryRequest request, Workload workload)
    {
        if (request.ResourceNames.Count > server.Limits.NamesPerStream)
        {
            throw new RpcException(StatusCode.ResourceExhausted, $"{request.ResourceNames.Count} secret names are more than the {server.Limits.NamesPerStream} allowed");
        }

        string[] names = [.. request.ResourceNames.Distinct(StringComparer.Ordinal)];
        if (names.FirstOrDefault(name => server.Names.Resolve(name, workload) is SecretKind.Leaf or SecretKind.TicketKeys) is { } held)
        {
            throw new RpcException(
                StatusCode.FailedPrecondition,
                $"'{held}' is not a trust bundle, and a unary call gives no evidence which trust bundle its caller enforces; open a stream instead");
        }

        return [.. names.Where(name => server.Names.Resolve(name, workload) == SecretKind.Bundle)];
    }
}
