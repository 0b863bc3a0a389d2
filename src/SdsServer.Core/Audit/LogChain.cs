using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SdsServer.Core.Audit;

/// <summary>
/// The hash that ties a line of the log to the one before it. It covers every field; texts carry their length and numbers have a fixed one,
/// so that no two lines have the same encoding. Hashes are SHA-256 in lower-case hex.
/// </summary>
public static class LogChain
{
    /// <summary>Version of the encoding. A change of the encoding takes a new one, and old lines keep theirs.</summary>
    private const byte Format = 1;

    /// <summary>What the first line of a trust domain follows.</summary>
    public static string Origin(string trustDomain) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(trustDomain)));

    /// <summary>The hash of a line; <see cref="LogLine.Hash"/> is not looked at.</summary>
    /// <param name="previous">Hash of the line before, or <see cref="Origin"/>.</param>
    public static string Hash(string previous, string trustDomain, LogLine line)
    {
        ArrayBufferWriter<byte> bytes = new(512);
        bytes.Write([Format]);
        bytes.Write(Convert.FromHexString(previous));
        Add(bytes, trustDomain);
        Add(bytes, line.Number);
        Add(bytes, line.At);
        Add(bytes, line.Actor);
        Add(bytes, line.Kind);
        Add(bytes, line.Subject);
        Add(bytes, line.RotationId);
        Add(bytes, line.Action);
        Add(bytes, line.Reason);
        Add(bytes, line.Evidence);
        Add(bytes, line.Outcome);
        Add(bytes, line.Error);
        Add(bytes, line.Revision);
        return Convert.ToHexStringLower(SHA256.HashData(bytes.WrittenSpan));
    }

    private static void Add(ArrayBufferWriter<byte> bytes, long number)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes.GetSpan(sizeof(long)), number);
        bytes.Advance(sizeof(long));
    }

    private static void Add(ArrayBufferWriter<byte> bytes, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        BinaryPrimitives.WriteInt32BigEndian(bytes.GetSpan(sizeof(int)), length);
        bytes.Advance(sizeof(int));
        Encoding.UTF8.GetBytes(text, bytes);
    }
}
