using System.Buffers.Binary;

namespace SdsServer.Benchmarks.Http2;

/// <summary>One gRPC call on a connection. Everything here happens under the connection's lock.</summary>
internal sealed class Http2Stream(int id, long sendWindow, MessageReceived received)
{
    private const int PrefixLength = 5;

    private readonly Queue<byte[]> _waiting = new();
    private byte[] _partial = [];
    private int _held;
    private int _offset;

    public int Id => id;

    /// <summary>How many bytes the peer takes; may be negative.</summary>
    public long SendWindow { get; set; } = sendWindow;

    /// <summary>Why it ended, or null while it is open.</summary>
    public string? Ended { get; set; }

    public bool HasWaiting => _waiting.Count > 0;

    /// <param name="message">What is sent.</param>
    /// <param name="withheld">So many bytes more are announced, and never come.</param>
    public void Enqueue(ReadOnlySpan<byte> message, int withheld = 0)
    {
        byte[] framed = new byte[PrefixLength + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length + withheld);
        message.CopyTo(framed.AsSpan(PrefixLength));
        _waiting.Enqueue(framed);
    }

    /// <summary>Writes what both windows allow; returns the bytes taken from the connection's.</summary>
    public long Flush(FrameBuffer output, long connectionWindow)
    {
        long used = 0;
        while (_waiting.TryPeek(out byte[]? message))
        {
            long room = Math.Min(Math.Min(SendWindow, connectionWindow - used), FrameBuffer.MaxPayload);
            if (room <= 0)
            {
                break;
            }

            int take = (int)Math.Min(room, message.Length - _offset);
            output.Frame(FrameType.Data, 0, Id, message.AsSpan(_offset, take));
            SendWindow -= take;
            used += take;
            _offset += take;
            if (_offset == message.Length)
            {
                _waiting.Dequeue();
                _offset = 0;
            }
        }

        return used;
    }

    /// <summary>Takes the payload of a DATA frame and hands on every message that is whole.</summary>
    public void Receive(ReadOnlySpan<byte> data)
    {
        if (_held > 0)
        {
            Keep(data);
            int taken = Split(_partial.AsSpan(0, _held));
            _partial.AsSpan(taken, _held - taken).CopyTo(_partial);
            _held -= taken;
            _partial = _held == 0 ? [] : _partial;
        }
        else
        {
            Keep(data[Split(data)..]);
        }
    }

    private int Split(ReadOnlySpan<byte> bytes)
    {
        int start = 0;
        while (bytes.Length - start >= PrefixLength)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes[(start + 1)..]);
            if (bytes.Length - start - PrefixLength < length)
            {
                break;
            }

            if (received(bytes.Slice(start + PrefixLength, length)) is { } answer)
            {
                Enqueue(answer);
            }

            start += PrefixLength + length;
        }

        return start;
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (_partial.Length < _held + rest.Length)
        {
            Array.Resize(ref _partial, Math.Max(_held + rest.Length, 2 * _partial.Length));
        }

        rest.CopyTo(_partial.AsSpan(_held));
        _held += rest.Length;
    }
}
