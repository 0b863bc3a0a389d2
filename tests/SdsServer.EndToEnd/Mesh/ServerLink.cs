using System.Net;
using System.Net.Sockets;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>
/// The way of one sidecar to the server, byte for byte, so that it can be stalled or cut while the sidecar's own traffic goes
/// on. To the server its connections come from this process, so the end of the sidecar's process is not seen through it.
/// </summary>
internal sealed class ServerLink : IAsyncDisposable
{
    private readonly TemporaryDirectory _folder = new("link");
    private readonly Socket _listener;
    private readonly EndPoint _server;
    private readonly HashSet<Socket> _open = [];
    private readonly Lock _changing = new();
    private readonly Task _accepting;
    private TaskCompletionSource _flowing = new();
    private bool _cut;

    private ServerLink(EndPoint server)
    {
        _server = server;
        _folder.OpenToOthers();
        _flowing.SetResult();
        _listener = server is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(server is UnixDomainSocketEndPoint ? new UnixDomainSocketEndPoint(Socket) : new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        if (server is UnixDomainSocketEndPoint && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Socket, (UnixFileMode)0b110_110_110);
        }

        _accepting = AcceptAsync();
    }

    /// <summary>Where the sidecar connects if the server listens on a Unix socket.</summary>
    public string Socket => _folder.PathOf("sds.sock");

    /// <summary>Where the sidecar connects if the server listens on TCP.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <param name="server">Where the server listens: a Unix socket or a TCP address. The link listens on the same kind.</param>
    public static ServerLink To(EndPoint server) => new(server);

    /// <summary>Connections stay, and nothing passes in either direction.</summary>
    public void Stall()
    {
        lock (_changing)
        {
            _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>What was stalled passes now.</summary>
    public void Release() => _flowing.TrySetResult();

    /// <summary>Ends every connection, and each new one as it comes.</summary>
    public void Cut()
    {
        lock (_changing)
        {
            _cut = true;
            foreach (Socket socket in _open)
            {
                socket.Dispose();
            }

            _open.Clear();
        }
    }

    /// <summary>Lets new connections through again.</summary>
    public void Mend()
    {
        lock (_changing)
        {
            _cut = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Release();
        Cut();
        _listener.Dispose();
        await _accepting;
        _folder.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                Socket sidecar = await _listener.AcceptAsync();
                connections.Add(ConnectAsync(sidecar));
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }

        await Task.WhenAll(connections);
    }

    private async Task ConnectAsync(Socket sidecar)
    {
        Socket server = new(_server.AddressFamily, SocketType.Stream, _server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            lock (_changing)
            {
                if (_cut)
                {
                    return;
                }

                _open.Add(sidecar);
                _open.Add(server);
            }

            await server.ConnectAsync(_server);
            await Task.WhenAny(PassAsync(sidecar, server), PassAsync(server, sidecar));
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }
        finally
        {
            lock (_changing)
            {
                _open.Remove(sidecar);
                _open.Remove(server);
            }

            sidecar.Dispose();
            server.Dispose();
        }
    }

    private async Task PassAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            for (int read = await from.ReceiveAsync(buffer); read > 0; read = await from.ReceiveAsync(buffer))
            {
                await _flowing.Task;
                for (int sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }
    }
}
