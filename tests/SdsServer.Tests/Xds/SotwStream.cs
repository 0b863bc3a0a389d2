using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

internal sealed class SotwStream(GrpcChannel channel, GrpcChannel? own, string method, bool aggregated, Metadata? headers, CancellationToken cancellation) : XdsStream(own)
{
    private readonly ClientCall<DiscoveryRequest, DiscoveryResponse> _call = channel.Duplex(
        new GrpcMethod<DiscoveryRequest, DiscoveryResponse>(
            aggregated ? AggregatedDiscoveryService.Descriptor : SecretDiscoveryService.Descriptor, method),
        new CallOptions(headers, CancellationToken: cancellation));

    private string _accepted = "";
    private bool _started;

    public override Task SubscribeAsync(params string[] names)
    {
        Names.UnionWith(names);
        return SendAsync(new() { ResponseNonce = Last?.Nonce ?? "" });
    }

    public override Task ResumeAsync(string name, string version)
    {
        Names.Add(name);
        return SendAsync(new() { VersionInfo = version });
    }

    public override Task UnsubscribeAsync(params string[] names)
    {
        Names.ExceptWith(names);
        return SendAsync(new() { ResponseNonce = Last?.Nonce ?? "" });
    }

    public override Task AckAsync(string? nonce = null)
    {
        _accepted = Last!.Version;
        return SendAsync(new() { ResponseNonce = nonce ?? Last.Nonce });
    }

    public override Task NackAsync(string error) =>
        SendAsync(new() { ResponseNonce = Last!.Nonce, ErrorDetail = new() { Code = 13, Message = error } });

    /// <summary>Sends a request with the names, the version and the rest that are not set in it.</summary>
    public Task SendAsync(DiscoveryRequest request)
    {
        request.Node = _started ? null : Claims;
        _started = true;
        request.VersionInfo = request.VersionInfo.Length > 0 ? request.VersionInfo : _accepted;
        if (request.ResourceNames.Count == 0)
        {
            request.ResourceNames.AddRange(Names);
        }

        if (aggregated && request.TypeUrl.Length == 0)
        {
            request.TypeUrl = SecretType.Url;
        }

        return SentAsync(_call.WriteAsync(request));
    }

    /// <summary>Sends exactly this.</summary>
    public Task SendRawAsync(DiscoveryRequest request) => SentAsync(_call.WriteAsync(request));

    protected override async Task<Received?> TryReadAsync()
    {
        if (await _call.ReadAsync() is not { } response)
        {
            return null;
        }

        Assert.Equal(SecretType.Url, response.TypeUrl);
        Secret[] secrets = [.. response.Resources.Select(any => any.Unpack<Secret>())];
        return new(
            response.Nonce, response.VersionInfo, response.ControlPlane.Identifier, secrets.ToDictionary(secret => secret.Name),
            secrets.ToDictionary(secret => secret.Name, _ => response.VersionInfo), []);
    }

    protected override void Complete() => _call.Complete();

    protected override ValueTask CloseAsync() => _call.DisposeAsync();
}
