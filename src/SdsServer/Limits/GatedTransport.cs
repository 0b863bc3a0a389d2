using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace SdsServer.Limits;

/// <summary>Kestrel's transport for listeners that strangers can reach; all others have Kestrel's own.</summary>
/// <param name="endpoints">Of these listeners. The objects themselves: another listener may have the same address, such as 127.0.0.1:0.</param>
internal sealed class GatedTransport(ConnectionGate gate, IReadOnlyCollection<EndPoint> endpoints, IOptions<SocketTransportOptions> options, ILoggerFactory logging)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // Its connections are Kestrel's own, and what filters name.
    private const string LogCategory = "Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets";

    /// <summary>Lets connections to <paramref name="endpoints"/> in by <paramref name="gate"/>. To be called after Kestrel's own transport was added: the last one is asked first.</summary>
    public static void Add(IServiceCollection services, ConnectionGate gate, IReadOnlyCollection<EndPoint> endpoints) =>
        services.AddSingleton<IConnectionListenerFactory>(all =>
            new GatedTransport(gate, endpoints, all.GetRequiredService<IOptions<SocketTransportOptions>>(), all.GetRequiredService<ILoggerFactory>()));

    public bool CanBind(EndPoint endpoint) => endpoints.Contains(endpoint, ReferenceEqualityComparer.Instance);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        SocketTransportOptions sockets = options.Value;
        Socket bound;
        try
        {
            bound = sockets.CreateBoundListenSocket(endpoint);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(error.Message, error);
        }

        bound.Listen(sockets.Backlog);
        SocketConnectionFactoryOptions connections = new()
        {
            IOQueueCount = sockets.IOQueueCount,
            WaitForDataBeforeAllocatingBuffer = sockets.WaitForDataBeforeAllocatingBuffer,
            MaxReadBufferSize = sockets.MaxReadBufferSize,
            MaxWriteBufferSize = sockets.MaxWriteBufferSize,
            UnsafePreferInlineScheduling = sockets.UnsafePreferInlineScheduling,
        };
        return new(new GatedListener(bound, gate, new SocketConnectionContextFactory(connections, logging.CreateLogger(LogCategory)), sockets.NoDelay));
    }
}
