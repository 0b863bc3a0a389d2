using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SdsServer.Core.Pki;

/// <summary>A PEM file taken apart: its blocks in order and the lines of text around them. One broken block refuses the whole, as Envoy does.</summary>
internal sealed class PemDocument
{
    private const int MaxLabel = 40;
    private static readonly SearchValues<byte> s_labelLetters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "u8);

    private PemDocument(List<PemBlock> blocks, List<string> text)
    {
        Blocks = blocks;
        Text = text;
    }

    public IReadOnlyList<PemBlock> Blocks { get; }

    /// <summary>The non-blank lines outside blocks.</summary>
    public IReadOnlyList<string> Text { get; }

    /// <exception cref="FormatException">A block does not end, ends with another label, or is no base64. The message gives the line.</exception>
    public static PemDocument Parse(ReadOnlySpan<byte> pem)
    {
        List<PemBlock> blocks = [];
        List<string> text = [];
        byte[] base64 = ArrayPool<byte>.Shared.Rent(Math.Max(pem.Length, 1));
        try
        {
            string? label = null;
            int used = 0, number = 0, start = 0;
            foreach (Range range in pem.Split((byte)'\n'))
            {
                number++;
                ReadOnlySpan<byte> line = pem[range].TrimEnd(" \t\r"u8);
                if (label is null)
                {
                    label = Marker(line, "-----BEGIN "u8);
                    start = number;
                    if (label is null && line.StartsWith("-----"u8))
                    {
                        throw new FormatException($"PEM line {number}: a marker that begins no block");
                    }

                    if (label is null && !line.IsEmpty)
                    {
                        text.Add(Encoding.UTF8.GetString(line));
                    }
                }
                else if (!line.StartsWith("-"u8))
                {
                    line.CopyTo(base64.AsSpan(used));
                    used += line.Length;
                }
                else if (Marker(line, "-----END "u8) == label)
                {
                    blocks.Add(new PemBlock(label, Decode(base64.AsSpan(0, used), label, start)));
                    label = null;
                    used = 0;
                }
                else
                {
                    throw new FormatException($"PEM line {number}: the {label} block of line {start} must end with -----END {label}-----");
                }
            }

            return label is null
                ? new PemDocument(blocks, text)
                : throw new FormatException($"PEM line {start}: the {label} block has no end; the text is cut off");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(base64.AsSpan(0, Math.Min(base64.Length, pem.Length)));
            ArrayPool<byte>.Shared.Return(base64);
        }
    }

    public void Zero()
    {
        foreach (PemBlock block in Blocks)
        {
            block.Zero();
        }
    }

    // A label is a few words (RFC 7468 section 3). A key whose line breaks were lost is one line that begins and ends like a marker: as a
    // label it would be in the error.
    private static string? Marker(ReadOnlySpan<byte> line, ReadOnlySpan<byte> start) =>
        line.StartsWith(start) && line.EndsWith("-----"u8) && line.Length > start.Length + 5 && line.Length <= start.Length + MaxLabel + 5
        && line[start.Length..^5].IndexOfAnyExcept(s_labelLetters) < 0
            ? Encoding.ASCII.GetString(line[start.Length..^5])
            : null;

    private static byte[] Decode(Span<byte> base64, string label, int line)
    {
        byte[] der = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (base64.IsEmpty || base64.ContainsAny(" \t\r"u8) || Base64.DecodeFromUtf8(base64, der, out int read, out int written) != OperationStatus.Done || read != base64.Length)
        {
            throw new FormatException($"PEM line {line}: the {label} block is no base64");
        }

        byte[] exact = der[..written];
        CryptographicOperations.ZeroMemory(der);
        return exact;
    }
}
