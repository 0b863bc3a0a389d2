using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace SdsServer.Limits;

/// <summary>
/// Accepts connections, and gives Kestrel those on which it is somebody's turn to be served: who is refused, says nothing or waits is a bare
/// socket until then, without buffers, and without anything read.
/// </summary>
internal sealed class GatedListener : IConnectionListener
{
    // tcp(7); the state is the first byte.
    private const int SolTcp = 6;
    private const int TcpInfo = 11;
    private const int TcpEstablished = 1;

    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(50);

    private readonly Socket _socket;
    private readonly ConnectionGate _gate;
    private readonly SocketConnectionContextFactory _connections;
    private readonly bool _noDelay;

    // The gate bounds how many there are.
    private readonly Channel<ConnectionContext> _ready = Channel.CreateUnbounded<ConnectionContext>();
    private readonly CancellationTokenSource _unbound = new();
    private readonly Task _accepting;

    /// <param name="socket">Listens already; this owns it.</param>
    /// <param name="connections">This owns it.</param>
    public GatedListener(Socket socket, ConnectionGate gate, SocketConnectionContextFactory connections, bool noDelay)
    {
        (_socket, _gate, _connections, _noDelay) = (socket, gate, connections, noDelay);
        EndPoint = socket.LocalEndPoint!;
        _accepting = Task.Run(AcceptAllAsync);
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _ready.Reader.WaitToReadAsync(cancellationToken) && _ready.Reader.TryRead(out ConnectionContext? connection) ? connection : null;

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _unbound.CancelAsync();
        _socket.Dispose();
        await _accepting;
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        while (_ready.Reader.TryRead(out ConnectionContext? connection))
        {
            await connection.DisposeAsync();
        }

        _connections.Dispose();
        _unbound.Dispose();
    }

    private async Task AcceptAllAsync()
    {
        while (!_unbound.IsCancellationRequested)
        {
            try
            {
                _ = AdmitAsync(await _socket.AcceptAsync());
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                // Others must have a chance to close theirs; the kernel keeps who knocks.
                await Task.Delay(s_again);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // That connection was reset before it was accepted, or the listener is closed.
            }
        }

        _ready.Writer.Complete();
    }

    private async Task AdmitAsync(Socket socket)
    {
        UnidentifiedConnection? stranger = null;
        try
        {
            if (!_gate.TryEnter(socket, out stranger))
            {
                return;
            }

            await using (_unbound.Token.UnsafeRegister(Close, stranger))
            {
                // A client of HTTP/2, and of TLS, speaks first.
                await socket.ReceiveAsync(Memory<byte>.Empty);
                if (socket.Available > 0 && await _gate.TakePlaceAsync(stranger) && IsOpen(socket) && Hand(socket, stranger))
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The client has gone, or its time is over.
        }

        stranger?.Done();
        socket.Close(timeout: 0);
    }

    // Whoever has hung up while it waited; a Unix socket does not tell.
    private static bool IsOpen(Socket socket)
    {
        Span<byte> state = stackalloc byte[1];
        return socket.ProtocolType != ProtocolType.Tcp || (socket.GetRawSocketOption(SolTcp, TcpInfo, state) > 0 && state[0] == TcpEstablished);
    }

    private bool Hand(Socket socket, UnidentifiedConnection stranger)
    {
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.NoDelay = _noDelay;
        }

        ConnectionContext connection = _connections.Create(socket);
        connection.Features.Set(stranger);
        stranger.Close = () => connection.Abort(new ConnectionAbortedException("nobody has said in time who they are"));
        return _ready.Writer.TryWrite(connection);
    }

    private static void Close(object? stranger) => ((UnidentifiedConnection)stranger!).Close();
}
