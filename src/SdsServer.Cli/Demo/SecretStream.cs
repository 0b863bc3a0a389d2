using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using Metadata = SdsServer.Grpc.Metadata;

namespace SdsServer.Cli.Demo;

/// <summary>The SDS client of a sidecar: a connection of its own, on it a stream for each secret, as Envoy has them without ADS.</summary>
internal sealed class SecretStream : IDisposable
{
    public const string TypeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

    // Only a server that stops for a moment is ever waited for here, and it is ours alone.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly Sidecar _sidecar;
    private readonly TimeProvider _time;
    private readonly GrpcChannel _channel;
    private readonly CallOptions _options;
    private readonly Node _node;

    public SecretStream(Sidecar sidecar, string address, string token, TimeProvider time, CancellationToken stopping)
    {
        (_sidecar, _time) = (sidecar, time);
        // The server takes streams on two connections for two processes, one without a bundle, which gets no leaf.
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { SingleConnection = true });
        _options = new CallOptions(Headers: new Metadata { { "authorization", $"Bearer {token}" } }, CancellationToken: stopping);
        _node = new Node { Id = sidecar.Name, Cluster = "sdsctl-demo", UserAgentName = "sdsctl-demo" };
    }

    /// <summary>Keeps both secrets up to date until it is stopped.</summary>
    public Task RunAsync() => Task.WhenAll(KeepAsync(Sidecar.BundleName), KeepAsync(Sidecar.LeafName));

    public void Dispose() => _channel.Dispose();

    private async Task KeepAsync(string secretName)
    {
        while (!_options.CancellationToken.IsCancellationRequested)
        {
            try
            {
                await (_sidecar.IsDelta
                    ? DeltaExchange.RunAsync(_channel, _options, _node, _sidecar, secretName)
                    : SotwExchange.RunAsync(_channel, _options, _node, _sidecar, secretName));
            }
            catch (OperationCanceledException) when (_options.CancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException error) when (error.StatusCode is not (StatusCode.Unauthenticated or StatusCode.PermissionDenied))
            {
            }

            await Task.Delay(s_pause, _time, _options.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
