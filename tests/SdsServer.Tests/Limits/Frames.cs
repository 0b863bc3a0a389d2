using System.Text;

namespace SdsServer.Tests.Limits;

/// <summary>HTTP/2 as a client sends it, without its meaning (RFC 9113 section 4.1).</summary>
internal sealed class Frames
{
    private readonly List<byte> _bytes = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8];

    public byte[] Bytes => [.. _bytes];

    /// <summary>What was added since the last time.</summary>
    public byte[] Take()
    {
        byte[] taken = Bytes;
        _bytes.Clear();
        return taken;
    }

    public Frames Add(byte type, byte flags, uint stream, params ReadOnlySpan<byte> payload)
    {
        _bytes.AddRange([
            (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags,
            (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream]);
        _bytes.AddRange(payload);
        return this;
    }

    public Frames Settings() => Add(4, 0, 0);

    /// <summary>A request: POST / by static entries of the table (RFC 7541 appendix A), and an authority.</summary>
    public Frames Headers(uint stream) => Add(1, 4, stream, 0x83, 0x86, 0x84, 0x41, 1, (byte)'a');

    /// <summary>A gRPC call, each header as a literal that is not indexed (RFC 7541 section 6.2.2).</summary>
    public Frames Call(uint stream, string path)
    {
        List<byte> block = [];
        foreach ((string name, string value) in ((string, string)[])[
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "a"), ("content-type", "application/grpc"), ("te", "trailers")])
        {
            block.AddRange([0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]);
        }

        return Add(1, 4, stream, [.. block]);
    }

    /// <summary>What comes first of a gRPC message: its length, and <paramref name="sent"/> bytes in all.</summary>
    public Frames Begin(uint stream, int length, int sent) =>
        Add(0, 0, stream, [0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, .. new byte[sent - 5]]);

    public Frames Message(uint stream, byte[] message) => Add(0, 0, stream, [0, 0, 0, (byte)(message.Length >> 8), (byte)message.Length, .. message]);

    public Frames Data(uint stream, int length) => Add(0, 0, stream, new byte[length]);

    public Frames Reset(uint stream) => Add(3, 0, stream, 0, 0, 0, 8);

    public Frames Ping() => Add(6, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);

    public Frames WindowUpdate(uint stream, int increment) => Add(8, 0, stream, (byte)(increment >> 24), (byte)(increment >> 16), (byte)(increment >> 8), (byte)increment);

    /// <summary>The same over and over, each time with the next stream.</summary>
    public Frames Repeat(int times, Action<Frames, uint> add)
    {
        for (uint turn = 0; turn < times; turn++)
        {
            add(this, (2 * turn) + 1);
        }

        return this;
    }
}
