using System.Buffers;
using System.Buffers.Binary;

namespace SdsServer.Benchmarks.Http2;

/// <summary>Frames on their way out, in wire form (RFC 9113 section 4.1). Not thread-safe.</summary>
internal sealed class FrameBuffer
{
    public const int HeaderLength = 9;

    /// <summary>The largest payload a peer must take (SETTINGS_MAX_FRAME_SIZE's initial value).</summary>
    public const int MaxPayload = 16_384;

    public const byte EndStream = 1;
    public const byte Acknowledge = 1;
    public const byte EndHeaders = 4;
    private static readonly int KeptCapacity = 4 * MaxPayload;

    private ArrayBufferWriter<byte> _bytes = new(256);

    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    /// <summary>The connection preface, our settings, and a connection window as wide as there is.</summary>
    public void Preface(int streamWindow)
    {
        _bytes.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        Frame(FrameType.Settings, 0, 0, [.. Setting(1, 0), .. Setting(2, 0), .. Setting(4, streamWindow)]);
        WindowUpdate(0, int.MaxValue - 65_535);
    }

    /// <summary>Changes the window of every stream, also of those that are open (RFC 9113 section 6.9.2).</summary>
    public void StreamWindow(int size) => Frame(FrameType.Settings, 0, 0, Setting(4, size));

    public void WindowUpdate(int stream, int increment)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, increment);
        Frame(FrameType.WindowUpdate, 0, stream, payload);
    }

    public void Frame(FrameType type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = _bytes.GetSpan(HeaderLength);
        header[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(header[1..], (ushort)payload.Length);
        header[3] = (byte)type;
        header[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(header[5..], stream);
        _bytes.Advance(HeaderLength);
        _bytes.Write(payload);
    }

    public void Clear()
    {
        if (_bytes.Capacity > KeptCapacity)
        {
            _bytes = new ArrayBufferWriter<byte>(256);
        }
        else
        {
            _bytes.ResetWrittenCount();
        }
    }

    private static byte[] Setting(byte id, int value) => [0, id, (byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
