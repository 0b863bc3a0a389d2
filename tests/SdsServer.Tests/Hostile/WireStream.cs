using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Hostile;

/// <summary>A stream of one secret, as an Envoy without ADS has it, that answers as it is told.</summary>
internal sealed class WireStream : IAsyncDisposable
{
    private static readonly GrpcMethod<DiscoveryRequest, DiscoveryResponse> s_stream = new(SecretDiscoveryService.Descriptor, "StreamSecrets");

    private readonly ClientCall<DiscoveryRequest, DiscoveryResponse> _call;
    private readonly Func<WireStream, DiscoveryResponse, IEnumerable<DiscoveryRequest>> _answer;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;

    /// <param name="reported">The version that it says to hold; empty: none.</param>
    public WireStream(
        GrpcChannel channel, string who, string node, string name, string reported, Func<WireStream, DiscoveryResponse, IEnumerable<DiscoveryRequest>> answer)
    {
        (Name, _answer) = (name, answer);
        _call = channel.Duplex(s_stream, new CallOptions(new SdsServer.Grpc.Metadata { { "who", who } }));
        _running = RunAsync(new DiscoveryRequest { Node = new Node { Id = node, Cluster = who }, ResourceNames = { name }, VersionInfo = reported });
    }

    public string Name { get; }

    /// <summary>Everything that came, oldest first. For the answering function alone.</summary>
    public List<DiscoveryResponse> Got { get; } = [];

    /// <summary>Done when something has come, or nothing ever will.</summary>
    public Task Came => _came.Task;

    /// <summary>Says that a response was taken.</summary>
    public static DiscoveryRequest Ack(WireStream stream, DiscoveryResponse response) =>
        new() { ResourceNames = { stream.Name }, VersionInfo = response.VersionInfo, ResponseNonce = response.Nonce };

    /// <summary>Sends it, whatever was asked; a stream that has ended takes it in silence.</summary>
    public async Task SendAsync(DiscoveryRequest request)
    {
        await _writing.WaitAsync();
        try
        {
            await _call.WriteAsync(request);
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // The server has ended it: then that is the answer.
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _call.DisposeAsync();
        await _running;
        _writing.Dispose();
    }

    private async Task RunAsync(DiscoveryRequest first)
    {
        await SendAsync(first);
        try
        {
            while (await _call.ReadAsync() is { } response)
            {
                Got.Add(response);
                foreach (DiscoveryRequest request in _answer(this, response))
                {
                    await SendAsync(request);
                }

                _came.TrySetResult();
            }
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // It was reset, by this end or by the other.
        }
        finally
        {
            _came.TrySetResult();
        }
    }
}
