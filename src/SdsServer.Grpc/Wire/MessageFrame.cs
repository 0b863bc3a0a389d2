using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace SdsServer.Grpc.Wire;

/// <summary>The length-prefixed message of gRPC over HTTP/2: one flag byte (1 = compressed), four bytes of length, the message.</summary>
internal static class MessageFrame
{
    public const int PrefixLength = 5;

    public static void Write(IBufferWriter<byte> output, IMessage message)
    {
        WritePrefix(output, message.CalculateSize());
        message.WriteTo(output);
    }

    public static void Write(IBufferWriter<byte> output, EncodedMessage message)
    {
        WritePrefix(output, message.Length);
        message.WriteTo(output);
    }

    /// <summary>Reads a prefix, or answers false while fewer than five bytes are there.</summary>
    public static bool TryReadPrefix(in ReadOnlySequence<byte> input, out byte flag, out uint length)
    {
        (flag, length) = (0, 0);
        if (input.Length < PrefixLength)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        input.Slice(0, PrefixLength).CopyTo(prefix);
        (flag, length) = (prefix[0], BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]));
        return true;
    }

    private static void WritePrefix(IBufferWriter<byte> output, int length)
    {
        Span<byte> prefix = output.GetSpan(PrefixLength);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
        output.Advance(PrefixLength);
    }
}
