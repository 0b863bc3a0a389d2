using Google.Protobuf.Reflection;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Secret.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using RpcStatus = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Cli.Demo;

/// <summary>One delta stream for one secret.</summary>
internal static class DeltaExchange
{
    private static readonly GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse> s_method =
        new(SdsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("SecretDiscoveryService"), "DeltaSecrets");

    public static async Task RunAsync(GrpcChannel channel, CallOptions options, Node node, Sidecar sidecar, string secretName)
    {
        await using ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call = channel.Duplex(s_method, options);
        DeltaDiscoveryRequest first = new() { Node = node, TypeUrl = SecretStream.TypeUrl, ResourceNamesSubscribe = { secretName } };
        if (sidecar.VersionOf(secretName) is { Length: > 0 } version)
        {
            first.InitialResourceVersions.Add(secretName, version);
        }

        await call.WriteAsync(first);
        while (await call.ReadAsync() is { } response)
        {
            string? rejected = null;
            foreach (Resource resource in response.Resources)
            {
                rejected ??= await sidecar.TakeAsync(resource.Resource_.Unpack<Secret>(), resource.Version, options.CancellationToken);
            }

            await call.WriteAsync(new DeltaDiscoveryRequest
            {
                TypeUrl = SecretStream.TypeUrl,
                ResponseNonce = response.Nonce,
                ErrorDetail = rejected is null ? null : new RpcStatus { Code = (int)StatusCode.Internal, Message = rejected },
            });
        }
    }
}
