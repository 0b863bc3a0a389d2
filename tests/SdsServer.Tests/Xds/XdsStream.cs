using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using Metadata = SdsServer.Grpc.Metadata;

namespace SdsServer.Tests.Xds;

/// <summary>A proxy's end of one stream. It says who it is in its first request only.</summary>
internal abstract class XdsStream : IAsyncDisposable
{
    private readonly GrpcChannel? _own;

    protected XdsStream(GrpcChannel? own) => _own = own;

    /// <summary>The names it is subscribed to.</summary>
    public HashSet<string> Names { get; } = [];

    public Received? Last { get; protected set; }

    /// <summary>What it says of itself; by default <see cref="Node"/>.</summary>
    public Node Claims { get; init; } = Node;

    public static Node Node => new() { Id = "node-1", Cluster = "web", UserAgentName = "envoy" };

    /// <summary>A stream, on a connection of its own unless one is given: SDS on the Unix socket, ADS on the port.</summary>
    public static XdsStream Open(XdsTestServer server, Transport transport, GrpcChannel? channel = null, Metadata? headers = null, CancellationToken cancellation = default)
    {
        GrpcChannel connection = channel ?? server.Connect(unix: transport is Transport.Sotw or Transport.Delta);
        return On(connection, transport, headers, Node, own: channel is null ? connection : null, cancellation);
    }

    /// <summary>A stream on this connection, of a proxy that says this of itself.</summary>
    /// <param name="own">A connection that ends with the stream.</param>
    public static XdsStream On(
        GrpcChannel connection, Transport transport, Metadata? headers, Node claims, GrpcChannel? own = null, CancellationToken cancellation = default) => transport switch
    {
        Transport.Sotw => new SotwStream(connection, own, "StreamSecrets", aggregated: false, headers, cancellation) { Claims = claims },
        Transport.Ads => new SotwStream(connection, own, "StreamAggregatedResources", aggregated: true, headers, cancellation) { Claims = claims },
        Transport.Delta => new DeltaStream(connection, own, "DeltaSecrets", aggregated: false, headers, cancellation) { Claims = claims },
        _ => new DeltaStream(connection, own, "DeltaAggregatedResources", aggregated: true, headers, cancellation) { Claims = claims },
    };

    public abstract Task SubscribeAsync(params string[] names);

    /// <summary>Asks for one name, and says that it holds this version of it.</summary>
    public abstract Task ResumeAsync(string name, string version);

    public abstract Task UnsubscribeAsync(params string[] names);

    /// <summary>Answers the last response, or the one with the given nonce.</summary>
    public abstract Task AckAsync(string? nonce = null);

    public abstract Task NackAsync(string error);

    public async Task<Received> ReadAsync() =>
        Last = await TryReadAsync().WaitAsync(XdsTestServer.Patience) ?? throw new InvalidOperationException("the stream has ended");

    public async Task<Received> ReadAndAckAsync()
    {
        Received received = await ReadAsync();
        await AckAsync();
        return received;
    }

    /// <summary>Reads and accepts until so many secrets have come, each once.</summary>
    public async Task<Dictionary<string, Secret>> ReadSecretsAsync(int count)
    {
        Dictionary<string, Secret> secrets = [];
        while (secrets.Count < count)
        {
            foreach ((string name, Secret secret) in (await ReadAndAckAsync()).Secrets)
            {
                secrets.Add(name, secret);
            }
        }

        return secrets;
    }

    /// <summary>The server has handled everything and had nothing more to say.</summary>
    public async Task EndsInSilenceAsync()
    {
        Complete();
        Assert.Null(await TryReadAsync().WaitAsync(XdsTestServer.Patience));
    }

    /// <summary>How the server ends the stream.</summary>
    public async Task<Status> StatusAsync() =>
        (await Assert.ThrowsAsync<RpcException>(() => TryReadAsync().WaitAsync(XdsTestServer.Patience))).Status;

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _own?.Dispose();
    }

    /// <summary>A server that ends the call may do so before the write is through: how it ended shows when it is read.</summary>
    protected static async Task SentAsync(Task write)
    {
        try
        {
            await write;
        }
        catch (RpcException)
        {
        }
    }

    protected abstract Task<Received?> TryReadAsync();

    protected abstract void Complete();

    protected abstract ValueTask CloseAsync();
}
