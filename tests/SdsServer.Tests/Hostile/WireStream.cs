using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Hostile;

/// <summary>A stream of one secret, as an Envoy without ADS has it, that answers as it is told.</summary>
internal sealed class WireStream : IAsyncDisposable
{
    private static readonly GrpcMethod<DiscoveryRequest, DiscoveryResponse> s_sotw = new(SecretDiscoveryService.Descriptor, "StreamSecrets");
    private static readonly GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse> s_delta = new(SecretDiscoveryService.Descriptor, "DeltaSecrets");

    private readonly ClientCall<DiscoveryRequest, DiscoveryResponse>? _sotw;
    private readonly ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse>? _delta;
    private readonly Func<WireStream, DiscoveryResponse, IEnumerable<DiscoveryRequest>> _answer;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly List<DiscoveryResponse> _got = [];
    private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;

    /// <param name="isDelta">It speaks delta. Answers are told in the words of state of the world and said in those of delta, which has no version to confirm.</param>
    /// <param name="reported">The version that it says to hold; empty: none.</param>
    public WireStream(
        GrpcChannel channel, bool isDelta, string who, string node, string name, string reported, Func<WireStream, DiscoveryResponse, IEnumerable<DiscoveryRequest>> answer)
    {
        (Name, _answer) = (name, answer);
        CallOptions options = new(new SdsServer.Grpc.Metadata { { "who", who } });
        if (isDelta)
        {
            _delta = channel.Duplex(s_delta, options);
        }
        else
        {
            _sotw = channel.Duplex(s_sotw, options);
        }

        _running = RunAsync(new DiscoveryRequest { Node = new Node { Id = node, Cluster = who }, ResourceNames = { name }, VersionInfo = reported });
    }

    public string Name { get; }

    /// <summary>Everything that came, oldest first.</summary>
    public DiscoveryResponse[] Got
    {
        get
        {
            lock (_got)
            {
                return [.. _got];
            }
        }
    }

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
            await (_sotw?.WriteAsync(request) ?? _delta!.WriteAsync(InDelta(request)));
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
        await (_sotw?.DisposeAsync() ?? _delta!.DisposeAsync());
        await _running;
        _writing.Dispose();
    }

    private static DeltaDiscoveryRequest InDelta(DiscoveryRequest request)
    {
        DeltaDiscoveryRequest delta = new() { Node = request.Node, ResponseNonce = request.ResponseNonce, ErrorDetail = request.ErrorDetail };
        if (request.Node is not null)
        {
            delta.ResourceNamesSubscribe.Add(request.ResourceNames);
            foreach (string name in request.VersionInfo.Length > 0 ? request.ResourceNames : [])
            {
                delta.InitialResourceVersions[name] = request.VersionInfo;
            }
        }

        return delta;
    }

    private async Task<DiscoveryResponse?> ReadAsync() =>
        _sotw is not null ? await _sotw.ReadAsync()
        : await _delta!.ReadAsync() is { } response ? new DiscoveryResponse { Nonce = response.Nonce, VersionInfo = Assert.Single(response.Resources).Version }
        : null;

    private async Task RunAsync(DiscoveryRequest first)
    {
        await SendAsync(first);
        try
        {
            while (await ReadAsync() is { } response)
            {
                lock (_got)
                {
                    _got.Add(response);
                }

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
