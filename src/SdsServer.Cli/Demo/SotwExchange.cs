using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Secret.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using RpcStatus = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Cli.Demo;

/// <summary>One state-of-the-world stream for one secret.</summary>
internal static class SotwExchange
{
    private static readonly GrpcMethod<DiscoveryRequest, DiscoveryResponse> s_method =
        new(SdsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("SecretDiscoveryService"), "StreamSecrets");

    public static async Task RunAsync(GrpcChannel channel, CallOptions options, Node node, Sidecar sidecar, string secretName)
    {
        await using ClientCall<DiscoveryRequest, DiscoveryResponse> call = channel.Duplex(s_method, options);
        await call.WriteAsync(new DiscoveryRequest
        {
            VersionInfo = sidecar.VersionOf(secretName),
            Node = node,
            ResourceNames = { secretName },
            TypeUrl = SecretStream.TypeUrl,
        });
        while (await call.ReadAsync() is { } response)
        {
            string? rejected = null;
            foreach (Any resource in response.Resources)
            {
                rejected ??= await sidecar.TakeAsync(resource.Unpack<Secret>(), response.VersionInfo, options.CancellationToken);
            }

            await call.WriteAsync(new DiscoveryRequest
            {
                VersionInfo = sidecar.VersionOf(secretName),
                ResourceNames = { secretName },
                TypeUrl = SecretStream.TypeUrl,
                ResponseNonce = response.Nonce,
                ErrorDetail = rejected is null ? null : new RpcStatus { Code = (int)StatusCode.Internal, Message = rejected },
            });
        }
    }
}
