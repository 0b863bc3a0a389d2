using System.Globalization;
using System.Security.Cryptography;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Limits;
using SdsServer.Protos.Envoy.Core.V3;

namespace SdsServer.Xds;

/// <summary>What all discovery streams of one trust domain share, and the way in: who calls, may one more stream open, and on which connection.</summary>
internal sealed class DiscoveryServer
{
    // A client may show a nonce it had from another stream, or another run of this server: none may look like one of ours.
    private readonly string _run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
    private readonly AuthenticateCaller _authenticate;
    private long _streams;
    private long _subscriptions;

    public DiscoveryServer(
        FleetPort port,
        SecretNames names,
        AuthenticateCaller authenticate,
        XdsLimits limits,
        SecretEncoder encoder,
        TimeProvider time,
        ILogger<DiscoveryServer> logger)
    {
        (Port, Names, _authenticate, Limits, Encoder, Time, Logger) = (port, names, authenticate, limits, encoder, time, logger);
        Streams = new StreamRegistry(limits.Streams);
        Places = new IdentityPlaces(limits.ConnectionsPerIdentity, limits.StreamsPerIdentity);
        Connections = new ConnectionRegistry(
            closed =>
            {
                Places.Leave(closed);
                port.Post(new ConnectionClosed(closed));
            },
            limits.IdleConnection,
            time);
    }

    public FleetPort Port { get; }

    public SecretNames Names { get; }

    public XdsLimits Limits { get; }

    public SecretEncoder Encoder { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public StreamRegistry Streams { get; }

    public ConnectionRegistry Connections { get; }

    public IdentityPlaces Places { get; }

    public DateTimeOffset Now => Time.GetUtcNow();

    /// <exception cref="RpcException">The node is malformed, or the caller is not let in.</exception>
    public async ValueTask<(NodeIdentity Node, Caller Caller)> IdentifyAsync(Node? node, ServerCallContext call)
    {
        NodeIdentity identity = NodeIdentity.From(node, Limits);
        return (identity, await _authenticate(call, node!));
    }

    /// <summary>Serves one stream until its end.</summary>
    public async Task ServeAsync<TRequest>(
        DiscoveryProtocol<TRequest> protocol,
        bool isAggregated,
        IAsyncEnumerable<TRequest> requests,
        Func<EncodedMessage, CancellationToken, Task> write,
        ServerCallContext call)
    {
        // Not disposed: it may be waiting for a request when the stream ends, and ends with the call.
        IAsyncEnumerator<TRequest> reader = requests.GetAsyncEnumerator(call.CancellationToken);
        if (!await FirstAsync(reader, call))
        {
            return;
        }

        TRequest first = reader.Current;
        (NodeIdentity node, Caller caller) = await IdentifyAsync(protocol.Node(first), call);
        long connection = Connections.Enter(call.HttpContext);
        try
        {
            using IDisposable? held = caller.Hold?.Invoke();
            InstanceKey key = new(caller.Workload.SpiffeId, node.Id, caller.Peer);
            Connections.Name(call.HttpContext, key, Limits.NodesPerConnection);
            using IDisposable place = Places.Take(caller.Workload.SpiffeId, connection);
            StreamClient client = new(connection, key, caller.Workload, node) { IsAggregated = isAggregated, ServedUnder = ServedUnder.Of(call.HttpContext), Admin = StreamClient.AdminOf(node, caller.Address) };
            await RunAsync(protocol, client, caller, first, reader, write, call);
        }
        finally
        {
            Connections.Leave(call.HttpContext);
        }
    }

    private async Task RunAsync<TRequest>(
        DiscoveryProtocol<TRequest> protocol,
        StreamClient client,
        Caller caller,
        TRequest first,
        IAsyncEnumerator<TRequest> reader,
        Func<EncodedMessage, CancellationToken, Task> write,
        ServerCallContext call)
    {
        long id = Interlocked.Increment(ref _streams);
        string nonces = string.Create(CultureInfo.InvariantCulture, $"{_run}-{id}");
        DeliveryMailbox mailbox = new();
        OpenStream stream = new(id, client, call.Method, Now, mailbox);
        Streams.Add(stream);
        XdsLog.StreamOpened(Logger, id, client.Key.SpiffeId, client.Node.Id, client.Node.Version, client.Connection, call.Method);
        try
        {
            // Not before all limits: a connection whose streams are refused stays in the gate's count, and its deadline runs on.
            using IDisposable use = Connections.Use(call.HttpContext);
            call.HttpContext.Features.Get<UnidentifiedConnection>()?.Done();
            DiscoverySession<TRequest> session = protocol.Open(client, Names, Limits, nonces, () => Interlocked.Increment(ref _subscriptions));
            using SecretStream<TRequest> loop = new(stream, session, mailbox, protocol, this, caller, write, call);
            await loop.RunAsync(first, reader);
        }
        finally
        {
            Streams.Remove(stream);
            XdsLog.StreamClosed(Logger, id);
        }
    }

    private async Task<bool> FirstAsync<TRequest>(IAsyncEnumerator<TRequest> reader, ServerCallContext call)
    {
        try
        {
            return await reader.MoveNextAsync().AsTask().WaitAsync(Limits.FirstRequest, Time, call.Stopping);
        }
        catch (TimeoutException)
        {
            throw new RpcException(StatusCode.DeadlineExceeded, $"no request came within {Limits.FirstRequest}");
        }
    }
}
