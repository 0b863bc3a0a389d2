using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SdsServer.Testing.Envoy;

/// <summary>
/// One TCP connection that speaks HTTP/1.1 to an <see cref="EchoApp"/>. Written by hand because an HTTP client retries a
/// request on a new connection when a kept one is cut, which is just what must be seen. One request at a time.
/// </summary>
public sealed class EchoConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly StreamReader _reader;

    private EchoConnection(Socket socket)
    {
        _socket = socket;
        _reader = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
    }

    public static async Task<EchoConnection> OpenAsync(IPEndPoint endpoint, CancellationToken cancellation)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellation);
            return new EchoConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a path and takes it back.</summary>
    /// <exception cref="IOException">The connection was cut, or something else came back.</exception>
    public async Task EchoAsync(string path, CancellationToken cancellation)
    {
        await _socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: echo\r\n\r\n"), cancellation);
        string status = await LineAsync(cancellation);
        int length = 0;
        for (string header = await LineAsync(cancellation); header.Length > 0; header = await LineAsync(cancellation))
        {
            if (header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                length = int.Parse(header.AsSpan("Content-Length:".Length), CultureInfo.InvariantCulture);
            }
        }

        char[] body = new char[length];
        int read = await _reader.ReadBlockAsync(body, cancellation);
        string answer = new(body, 0, read);
        if (status != "HTTP/1.1 200 OK" || answer != path)
        {
            throw new IOException($"sent {path}, got {status} {answer}");
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private async Task<string> LineAsync(CancellationToken cancellation) =>
        await _reader.ReadLineAsync(cancellation) ?? throw new IOException("the connection was closed before the answer ended");
}
