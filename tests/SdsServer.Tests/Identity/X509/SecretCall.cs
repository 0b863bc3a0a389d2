using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;
using Metadata = SdsServer.Grpc.Metadata;

namespace SdsServer.Tests.Identity.X509;

/// <summary>One stream on a connection of its own, which asks for the bundle.</summary>
internal sealed class SecretCall : IAsyncDisposable
{
    private static readonly GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse> s_delta = new(SecretDiscoveryService.Descriptor, "DeltaSecrets");

    private readonly GrpcChannel _channel;
    private readonly ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> _call;
    private readonly Task _asked;

    public SecretCall(GrpcChannel channel, Metadata headers)
    {
        _channel = channel;
        _call = channel.Duplex(s_delta, new CallOptions(headers, MtlsHost.Limit));
        _asked = _call.WriteAsync(new DeltaDiscoveryRequest { Node = new Node { Id = NodeId, Cluster = "web" }, ResourceNamesSubscribe = { "ROOTCA" } });
    }

    public string NodeId { get; } = $"node-{Guid.NewGuid():N}";

    /// <summary>The first secret.</summary>
    public async Task<DeltaDiscoveryResponse> ReadAsync()
    {
        await _asked;
        return await _call.ReadAsync() ?? throw new InvalidOperationException("the stream has ended");
    }

    /// <summary>How the server ends the stream.</summary>
    public async Task<Status> StatusAsync() => (await Assert.ThrowsAsync<RpcException>(async () =>
    {
        await _asked;
        while (await _call.ReadAsync() is not null)
        {
        }
    })).Status;

    public async ValueTask DisposeAsync()
    {
        await _call.DisposeAsync();
        _channel.Dispose();
    }
}
