using System.Buffers;
using Google.Protobuf;

namespace SdsServer.Grpc;

/// <summary>
/// A message whose bytes are already there, so that one encoding serves any number of streams. It may consist of several pieces:
/// protobuf lets fields come in any order, so a piece with the fields of one stream (a nonce) can go before bytes shared by all.
/// Immutable as long as nobody writes to the memory it was given; safe to write from any number of threads at once.
/// </summary>
public sealed class EncodedMessage
{
    private readonly ReadOnlyMemory<byte>[] _pieces;

    /// <summary>A message made of <paramref name="pieces"/> in this order; nothing is copied.</summary>
    public EncodedMessage(params ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        _pieces = pieces.ToArray();
        long length = 0;
        foreach (ReadOnlyMemory<byte> piece in _pieces)
        {
            length += piece.Length;
        }

        // gRPC could frame 4 GiB, protobuf ends at 2 GiB.
        Length = length <= int.MaxValue
            ? (int)length
            : throw new ArgumentException($"A message of {length} bytes cannot be sent; protobuf allows {int.MaxValue}.", nameof(pieces));
    }

    /// <summary>Bytes of the message, without the gRPC prefix.</summary>
    public int Length { get; }

    public static EncodedMessage From(IMessage message) => new(message.ToByteArray());

    internal void WriteTo(IBufferWriter<byte> output)
    {
        foreach (ReadOnlyMemory<byte> piece in _pieces)
        {
            output.Write(piece.Span);
        }
    }
}
