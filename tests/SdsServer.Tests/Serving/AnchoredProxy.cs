using Google.Protobuf.WellKnownTypes;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Tests.Identity.X509;
using SdsServer.Xds;
using Metadata = SdsServer.Grpc.Metadata;

namespace SdsServer.Tests.Serving;

/// <summary>A proxy over TLS that knows the server by some roots, takes bundle and leaf, and accepts all it is sent.</summary>
internal sealed class AnchoredProxy : IAsyncDisposable
{
    private static readonly GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse> s_delta = new(SecretDiscoveryService.Descriptor, "DeltaSecrets");

    private readonly GrpcChannel _channel;
    private readonly ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> _call;
    private readonly TaskCompletionSource _leaf = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AnchoredProxy(GrpcChannel channel, string token, string name, Value? states)
    {
        _channel = channel;
        _call = _channel.Duplex(s_delta, new CallOptions(new Metadata { { "authorization", $"Bearer {token}" } }));
        Node node = new() { Id = name, Cluster = name };
        if (states is not null)
        {
            node.Metadata = new Struct { Fields = { ["sdsserver.anchors"] = states } };
        }

        Ended = RunAsync(new DeltaDiscoveryRequest { Node = node, ResourceNamesSubscribe = { "ROOTCA", "default" } });
    }

    /// <summary>Done, or failed, when the link has ended.</summary>
    public Task Ended { get; }

    /// <param name="anchorsPem">Roots by which it knows the server.</param>
    /// <param name="states">What its node's metadata says of them; null: nothing.</param>
    /// <returns>Once it has a leaf, and counts.</returns>
    public static Task<AnchoredProxy> StartAsync(MtlsHost host, string name, string anchorsPem, Value? states = null) =>
        StartAsync(host, name, host.ConnectBy(anchorsPem), states);

    /// <summary>A connection whose handshake is over, on which nobody has been identified yet.</summary>
    public static async Task<GrpcChannel> ConnectAsync(MtlsHost host, string anchorsPem)
    {
        GrpcChannel channel = host.ConnectBy(anchorsPem);
        await using ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> refused = channel.Duplex(s_delta, default(CallOptions));
        await refused.WriteAsync(new DeltaDiscoveryRequest { Node = new Node { Id = "nobody", Cluster = "nobody" }, ResourceNamesSubscribe = { "ROOTCA" } });
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await refused.ReadAsync());
        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        return channel;
    }

    /// <param name="channel">Disposed with it.</param>
    public static async Task<AnchoredProxy> StartAsync(MtlsHost host, string name, GrpcChannel channel, Value? states = null)
    {
        AnchoredProxy proxy = new(channel, await host.TokenAsync($"spiffe://example.org/{name}"), name, states);
        await (await Task.WhenAny(proxy._leaf.Task, proxy.Ended)).WaitAsync(MtlsHost.Limit);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _call.DisposeAsync();
        _channel.Dispose();
        await Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync(DeltaDiscoveryRequest first)
    {
        await _call.WriteAsync(first);
        while (await _call.ReadAsync() is { } response)
        {
            await _call.WriteAsync(new DeltaDiscoveryRequest { ResponseNonce = response.Nonce });
            if (response.Resources.Any(resource => resource.Name == "default"))
            {
                _leaf.TrySetResult();
            }
        }
    }
}
