using Google.Protobuf.Reflection;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Secret.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Testing;
using Metadata = SdsServer.Grpc.Metadata;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>A leaf taken from the server as a sidecar takes it, by somebody who then keeps it for purposes of his own.</summary>
internal sealed record HeldLeaf(string ChainPem, string KeyPem)
{
    private const string TypeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly GrpcMethod<DiscoveryRequest, DiscoveryResponse> s_method =
        new(SdsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("SecretDiscoveryService"), "StreamSecrets");

    /// <summary>Takes the bundle and a leaf with the workload's token, and hangs up. The server's books do not wait for it.</summary>
    /// <param name="workload">Whose leaf.</param>
    /// <param name="nodeId">Of a process of its own, which is retired.</param>
    public static async Task<HeldLeaf> TakeAsync(ServiceMesh mesh, string workload, string nodeId)
    {
        Secret leaf = await TakeAndHangUpAsync(mesh, workload, nodeId);
        await mesh.RetireAsync(nodeId);
        return new HeldLeaf(leaf.TlsCertificate.CertificateChain.InlineBytes.ToStringUtf8(), leaf.TlsCertificate.PrivateKey.InlineBytes.ToStringUtf8());
    }

    private static async Task<Secret> TakeAndHangUpAsync(ServiceMesh mesh, string workload, string nodeId)
    {
        using GrpcChannel channel = GrpcChannel.ForAddress($"unix://{mesh.Server.Socket}");
        CallOptions options = new(new Metadata { { "authorization", $"Bearer {await mesh.TokenAsync(workload)}" } }, Limit);
        Node node = new() { Id = nodeId, Cluster = workload };
        await using ClientCall<DiscoveryRequest, DiscoveryResponse> bundle = channel.Duplex(s_method, options);
        await TakeAsync(bundle, node, "ROOTCA");
        await using ClientCall<DiscoveryRequest, DiscoveryResponse> leaves = channel.Duplex(s_method, options);
        Secret leaf = await TakeAsync(leaves, node, "default");
        await Condition.AwaitAsync($"{nodeId} to hold its leaf", Limit, async _ =>
            (await mesh.Operator.InstancesAsync(nodeId)).Any(instance => instance.OutstandingLeaves.Any(row => row.Acked)), () => mesh.Server.Log);
        return leaf;
    }

    private static async Task<Secret> TakeAsync(ClientCall<DiscoveryRequest, DiscoveryResponse> call, Node node, string name)
    {
        await call.WriteAsync(new DiscoveryRequest { Node = node, ResourceNames = { name }, TypeUrl = TypeUrl });
        DiscoveryResponse response = await call.ReadAsync() ?? throw new InvalidOperationException($"the server gave no {name}");
        await call.WriteAsync(new DiscoveryRequest { VersionInfo = response.VersionInfo, ResourceNames = { name }, TypeUrl = TypeUrl, ResponseNonce = response.Nonce });
        return response.Resources.Single().Unpack<Secret>();
    }
}
