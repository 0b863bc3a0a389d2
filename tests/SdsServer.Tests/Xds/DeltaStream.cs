using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

internal sealed class DeltaStream(GrpcChannel channel, GrpcChannel? own, string method, bool aggregated, Metadata? headers, CancellationToken cancellation) : XdsStream(own)
{
    private readonly ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> _call = channel.Duplex(
        new GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
            aggregated ? AggregatedDiscoveryService.Descriptor : SecretDiscoveryService.Descriptor, method),
        new CallOptions(headers, CancellationToken: cancellation));

    private bool _started;

    public override Task SubscribeAsync(params string[] names)
    {
        Names.UnionWith(names);
        return SendAsync(new() { ResourceNamesSubscribe = { names } });
    }

    public override Task ResumeAsync(string name, string version)
    {
        Names.Add(name);
        return SendAsync(new() { ResourceNamesSubscribe = { name }, InitialResourceVersions = { [name] = version } });
    }

    public override Task UnsubscribeAsync(params string[] names)
    {
        Names.ExceptWith(names);
        return SendAsync(new() { ResourceNamesUnsubscribe = { names } });
    }

    public override Task AckAsync(string? nonce = null) => SendAsync(new() { ResponseNonce = nonce ?? Last!.Nonce });

    public override Task NackAsync(string error) =>
        SendAsync(new() { ResponseNonce = Last!.Nonce, ErrorDetail = new() { Code = 13, Message = error } });

    /// <summary>Sends a request with node and type added as they are due.</summary>
    public Task SendAsync(DeltaDiscoveryRequest request)
    {
        request.Node = _started ? null : Claims;
        _started = true;
        if (aggregated && request.TypeUrl.Length == 0)
        {
            request.TypeUrl = SecretType.Url;
        }

        return SentAsync(_call.WriteAsync(request));
    }

    /// <summary>Sends exactly this.</summary>
    public Task SendRawAsync(DeltaDiscoveryRequest request) => SentAsync(_call.WriteAsync(request));

    protected override async Task<Received?> TryReadAsync()
    {
        if (await _call.ReadAsync() is not { } response)
        {
            return null;
        }

        Assert.Equal(SecretType.Url, response.TypeUrl);
        Assert.All(response.Resources, resource =>
        {
            Assert.Null(resource.Ttl);
            Assert.Empty(resource.Aliases);
            Assert.Equal(resource.Name, resource.Resource_.Unpack<Secret>().Name);
        });
        return new(
            response.Nonce, response.SystemVersionInfo, response.ControlPlane.Identifier,
            response.Resources.ToDictionary(resource => resource.Name, resource => resource.Resource_.Unpack<Secret>()),
            response.Resources.ToDictionary(resource => resource.Name, resource => resource.Version), response.RemovedResources);
    }

    protected override void Complete() => _call.Complete();

    protected override ValueTask CloseAsync() => _call.DisposeAsync();
}
