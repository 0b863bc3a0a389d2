using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;

namespace SdsServer.Grpc.Wire;

/// <summary>The one message encoding besides identity.</summary>
internal static class Gzip
{
    public const string Name = "gzip";

    /// <exception cref="RpcException">The bytes are no gzip, or hold more than <paramref name="limit"/> bytes.</exception>
    public static ReadOnlySequence<byte> Decompress(in ReadOnlySequence<byte> compressed, int limit)
    {
        // Grows with what really comes out, so that a small bomb costs at most the limit.
        ArrayBufferWriter<byte> output = new();
        try
        {
            using GZipStream gzip = new(PipeReader.Create(compressed).AsStream(), CompressionMode.Decompress);
            while (true)
            {
                int read = gzip.Read(output.GetSpan(4096));
                output.Advance(read);
                if (output.WrittenCount > limit)
                {
                    throw new RpcException(StatusCode.ResourceExhausted, $"a message decompresses to more than the limit of {limit} bytes");
                }

                if (read == 0)
                {
                    return HasLength(compressed, output.WrittenCount)
                        ? new(output.WrittenMemory)
                        : throw new InvalidDataException("The gzip data is cut off.");
                }
            }
        }
        catch (InvalidDataException malformed)
        {
            throw new RpcException(StatusCode.Internal, "a compressed message is no valid gzip", inner: malformed);
        }
    }

    // GZipStream takes cut off data for its end. RFC 1952, 2.3.1: the last four bytes are the length, after at least 14 others.
    private static bool HasLength(in ReadOnlySequence<byte> compressed, int length)
    {
        if (compressed.Length < 18)
        {
            return false;
        }

        Span<byte> tail = stackalloc byte[4];
        compressed.Slice(compressed.Length - 4).CopyTo(tail);
        return BinaryPrimitives.ReadInt32LittleEndian(tail) == length;
    }
}
