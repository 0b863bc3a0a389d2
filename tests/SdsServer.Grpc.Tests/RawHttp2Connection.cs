using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SdsServer.Grpc.Tests;

/// <summary>An HTTP/2 client that sends exactly the frames a test wants, right or wrong, and shows the frames that come back.</summary>
internal sealed class RawHttp2Connection : IAsyncDisposable
{
    public const byte Data = 0, Headers = 1, ResetStream = 3, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8, Continuation = 9;
    public const byte EndStream = 1, EndHeaders = 4;

    private readonly NetworkStream _stream;

    private RawHttp2Connection(Socket socket) => _stream = new NetworkStream(socket, ownsSocket: true);

    public static Task<RawHttp2Connection> ConnectAsync(Uri server) => ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port));

    public static Task<RawHttp2Connection> ConnectAsync(string socketPath) => ConnectAsync(new UnixDomainSocketEndPoint(socketPath));

    public async Task SendAsync(byte type, byte flags, int stream, ReadOnlyMemory<byte> payload = default) =>
        await _stream.WriteAsync(Frame(type, flags, stream, payload));

    /// <summary>The frame a few bytes at a time, as a slow network may deliver it.</summary>
    public async Task SendInPiecesAsync(byte type, byte flags, int stream, ReadOnlyMemory<byte> payload)
    {
        foreach (byte[] piece in Frame(type, flags, stream, payload).Chunk(7))
        {
            await _stream.WriteAsync(piece);
            await Task.Yield();
        }
    }

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlyMemory<byte> payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsMemory(9));
        return frame;
    }

    public Task SendHeadersAsync(int stream, string path, string authority = "localhost", bool end = false, params (string Name, string Value)[] more) =>
        SendAsync(Headers, (byte)(EndHeaders | (end ? EndStream : 0)), stream, HeaderBlock(
            [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", authority), ("content-type", "application/grpc"), ("te", "trailers"), .. more]));

    /// <summary>Every header as a literal that is never indexed, without Huffman coding (RFC 7541, 6.2.3).</summary>
    public static byte[] HeaderBlock(params IEnumerable<(string Name, string Value)> headers)
    {
        List<byte> block = [];
        foreach ((string name, string value) in headers)
        {
            block.Add(0x10);
            AddString(block, name);
            AddString(block, value);
        }

        return [.. block];
    }

    /// <summary>The next frame that is not about the connection's settings or windows; null at the end of the connection.</summary>
    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)?> ReadAsync()
    {
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(60));
        byte[] head = new byte[9];
        while (true)
        {
            try
            {
                await _stream.ReadExactlyAsync(head, late.Token);
                byte[] payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
                await _stream.ReadExactlyAsync(payload, late.Token);
                if (head[3] == Settings && head[4] == 0)
                {
                    await SendAsync(Settings, 1, 0);
                }
                else if (head[3] is not (Settings or WindowUpdate))
                {
                    return (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
                }
            }
            catch (Exception error) when (error is IOException)
            {
                return null;
            }
        }
    }

    /// <summary>How the server ends a stream: the last header block as text, or <c>RST n</c>, <c>GOAWAY n</c>, <c>closed</c>.</summary>
    public async Task<string> EndOfAsync(int stream)
    {
        while (true)
        {
            switch (await ReadAsync())
            {
                case null:
                    return "closed";
                case (ResetStream, _, int id, byte[] reset) when id == stream:
                    return $"RST {BinaryPrimitives.ReadInt32BigEndian(reset)}";
                case (GoAway, _, _, byte[] away):
                    return $"GOAWAY {BinaryPrimitives.ReadInt32BigEndian(away.AsSpan(4))}";
                case (Headers, byte flags, int id, byte[] block) when id == stream && (flags & EndStream) != 0:
                    return Encoding.Latin1.GetString(block);
            }
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static async Task<RawHttp2Connection> ConnectAsync(EndPoint server)
    {
        Socket socket = new(server.AddressFamily, SocketType.Stream, server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        if (server is IPEndPoint)
        {
            socket.NoDelay = true;
        }

        await socket.ConnectAsync(server);
        RawHttp2Connection connection = new(socket);
        await connection._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await connection.SendAsync(Settings, 0, 0);
        return connection;
    }

    private static void AddString(List<byte> block, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = bytes.Length;
        if (length < 127)
        {
            block.Add((byte)length);
        }
        else
        {
            block.Add(127);
            for (length -= 127; length >= 128; length >>= 7)
            {
                block.Add((byte)((length & 127) | 128));
            }

            block.Add((byte)length);
        }

        block.AddRange(bytes);
    }
}
