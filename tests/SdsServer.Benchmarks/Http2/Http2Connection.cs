using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace SdsServer.Benchmarks.Http2;

/// <summary>
/// The client's end of one HTTP/2 connection without TLS, as far as gRPC streams need it: flow control both ways, PING and SETTINGS
/// answered, header blocks not decoded. Cheap, because thousands run beside the server that is measured. Thread-safe.
/// </summary>
internal sealed class Http2Connection : IDisposable
{
    private const int Window = int.MaxValue;
    private const int ReplenishAt = 1 << 28;

    [ThreadStatic]
    private static byte[]? _readBuffer;

    private readonly Lock _lock = new();
    private readonly Socket _socket;
    private readonly FrameBuffer _output = new();
    private readonly List<Http2Stream> _streams = [];
    private byte[] _partialFrame = [];
    private long _sendWindow = 65_535;
    private int _initialSendWindow = 65_535;
    private int _consumed;
    private int _lastStream = -1;
    private bool _sending;
    private bool _disposed;

    private Http2Connection(Socket socket) => _socket = socket;

    /// <summary>Why it ended, or null while it lives.</summary>
    public string? Ended { get; private set; }

    public static async Task<Http2Connection> ConnectAsync(EndPoint server, CancellationToken cancellation)
    {
        Socket socket = new(server.AddressFamily, SocketType.Stream, server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            if (server is IPEndPoint)
            {
                socket.NoDelay = true;
            }

            await socket.ConnectAsync(server, cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        // A thread that waits for one socket is missed by all the others: thousands of connections share the pool's few.
        socket.Blocking = false;
        Http2Connection connection = new(socket);
        connection._output.Preface(Window);
        connection.Send();
        _ = connection.ReadAsync();
        return connection;
    }

    /// <summary>Opens a call and sends its first message, but for what is withheld of it.</summary>
    public Http2Stream Open(byte[] requestHeaders, ReadOnlySpan<byte> first, MessageReceived received, int withheld = 0)
    {
        lock (_lock)
        {
            Http2Stream stream = new(_lastStream += 2, _initialSendWindow, received);
            _streams.Add(stream);
            _output.Frame(FrameType.Headers, FrameBuffer.EndHeaders, stream.Id, requestHeaders);
            stream.Enqueue(first, withheld);
            FlushStreams();
            return stream;
        }
    }

    /// <summary>From now on the peer may send no data on any stream, until <see cref="Thaw"/>.</summary>
    public void Freeze() => SetStreamWindow(0);

    public void Thaw() => SetStreamWindow(Window);

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Ended ??= "closed here";
        }

        // The loop that reads ends by itself. It is not awaited: a read of nothing that is under way when its socket is disposed may never return.
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // the server was first
        }

        _socket.Dispose();
    }

    private void SetStreamWindow(int size)
    {
        lock (_lock)
        {
            _output.StreamWindow(size);
            Send();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                // An idle connection holds no buffer: the read of nothing completes when there is something.
                await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                if (!ReadOnce())
                {
                    End("closed by the server");
                    return;
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidDataException)
        {
            End(error.Message);
        }
    }

    private bool ReadOnce()
    {
        byte[] buffer = _readBuffer ??= new byte[256 * 1024];
        lock (_lock)
        {
            if (_disposed)
            {
                return false;
            }

            _partialFrame.CopyTo(buffer, 0);
            int held = _partialFrame.Length;
            int read = _socket.Receive(buffer.AsSpan(held), SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return true;
            }

            if (read == 0)
            {
                return false;
            }

            ReadOnlySpan<byte> bytes = buffer.AsSpan(0, held + read);
            while (bytes.Length >= FrameBuffer.HeaderLength)
            {
                int length = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];
                if (bytes.Length < FrameBuffer.HeaderLength + length)
                {
                    break;
                }

                Receive((FrameType)bytes[3], bytes[4], BinaryPrimitives.ReadInt32BigEndian(bytes[5..]) & int.MaxValue, bytes.Slice(FrameBuffer.HeaderLength, length));
                bytes = bytes[(FrameBuffer.HeaderLength + length)..];
            }

            _partialFrame = bytes.IsEmpty ? [] : bytes.ToArray();
            if (_consumed >= ReplenishAt)
            {
                _output.WindowUpdate(0, _consumed);
                _consumed = 0;
            }

            FlushStreams();
            return true;
        }
    }

    private void Receive(FrameType type, byte flags, int streamId, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.Data:
                _consumed += payload.Length;
                Http2Stream stream = Find(streamId);
                stream.Receive(payload);
                stream.Ended ??= (flags & FrameBuffer.EndStream) != 0 ? "ended" : null;
                break;
            case FrameType.Headers when (flags & FrameBuffer.EndStream) != 0:
                Find(streamId).Ended ??= $"ended: {HeaderBlock.Readable(payload)}";
                break;
            case FrameType.ResetStream:
                Find(streamId).Ended ??= $"reset with code {BinaryPrimitives.ReadInt32BigEndian(payload)}";
                break;
            case FrameType.Settings when (flags & FrameBuffer.Acknowledge) == 0:
                Apply(payload);
                _output.Frame(FrameType.Settings, FrameBuffer.Acknowledge, 0, []);
                break;
            case FrameType.Ping when (flags & FrameBuffer.Acknowledge) == 0:
                _output.Frame(FrameType.Ping, FrameBuffer.Acknowledge, 0, payload);
                break;
            case FrameType.WindowUpdate:
                int increment = BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
                if (streamId == 0)
                {
                    _sendWindow += increment;
                }
                else
                {
                    Find(streamId).SendWindow += increment;
                }

                break;
            case FrameType.GoAway:
                throw new InvalidDataException($"GOAWAY with code {BinaryPrimitives.ReadInt32BigEndian(payload[4..])}");
            default:
                break;
        }
    }

    private void Apply(ReadOnlySpan<byte> settings)
    {
        for (; settings.Length >= 6; settings = settings[6..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(settings) == 4)
            {
                int size = BinaryPrimitives.ReadInt32BigEndian(settings[2..]);
                _streams.ForEach(stream => stream.SendWindow += size - _initialSendWindow);
                _initialSendWindow = size;
            }
        }
    }

    private Http2Stream Find(int id) => id % 2 == 1 && id <= _lastStream ? _streams[id / 2] : throw new InvalidDataException($"a frame on stream {id}, which was never opened");

    private void FlushStreams()
    {
        foreach (Http2Stream stream in _streams)
        {
            if (stream is { HasWaiting: true, Ended: null })
            {
                _sendWindow -= stream.Flush(_output, _sendWindow);
            }
        }

        Send();
    }

    private void Send()
    {
        if (_sending)
        {
            return;
        }

        ReadOnlySpan<byte> bytes = _output.Written.Span;
        while (!bytes.IsEmpty && Ended is null)
        {
            int sent = _socket.Send(bytes, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                _sending = true;
                _ = SendRestAsync(bytes.ToArray());
                break;
            }

            if (error != SocketError.Success)
            {
                throw new SocketException((int)error);
            }

            bytes = bytes[sent..];
        }

        _output.Clear();
    }

    /// <summary>What the peer has no room for yet; frames that come meanwhile wait in the buffer.</summary>
    private async Task SendRestAsync(ReadOnlyMemory<byte> rest)
    {
        try
        {
            while (!rest.IsEmpty)
            {
                rest = rest[await _socket.SendAsync(rest, SocketFlags.None)..];
            }

            lock (_lock)
            {
                _sending = false;
                Send();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            End(error.Message);
        }
    }

    private void End(string reason)
    {
        lock (_lock)
        {
            Ended ??= reason;
            _streams.ForEach(stream => stream.Ended ??= reason);
        }
    }
}
