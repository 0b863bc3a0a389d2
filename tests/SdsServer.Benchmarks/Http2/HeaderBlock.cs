using System.Text;

namespace SdsServer.Benchmarks.Http2;

/// <summary>HPACK without table and Huffman code (RFC 7541 section 6.2.2): each field stands as it is.</summary>
internal static class HeaderBlock
{
    public static byte[] Encode(IEnumerable<(string Name, string Value)> fields)
    {
        List<byte> block = [];
        foreach ((string name, string value) in fields)
        {
            block.Add(0);
            AddText(block, name);
            AddText(block, value);
        }

        return [.. block];
    }

    /// <summary>The request headers real Envoys sent for this method.</summary>
    public static byte[] EnvoyRequest(string path) => Encode(
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "sds"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("x-envoy-internal", "true"),
        ("x-forwarded-for", "192.0.2.2"),
    ]);

    /// <summary>Whatever of a block can be read without decoding it: enough to see why a stream ended.</summary>
    public static string Readable(ReadOnlySpan<byte> block)
    {
        StringBuilder text = new();
        foreach (byte octet in block)
        {
            text.Append(octet is >= 0x20 and < 0x7f ? (char)octet : ' ');
        }

        return text.ToString().Trim();
    }

    private static void AddText(List<byte> block, string text)
    {
        // A string length is an integer with a 7-bit prefix; the high bit would say Huffman.
        int length = text.Length;
        if (length < 0x7f)
        {
            block.Add((byte)length);
        }
        else
        {
            block.Add(0x7f);
            for (length -= 0x7f; length >= 0x80; length >>= 7)
            {
                block.Add((byte)(0x80 | (length & 0x7f)));
            }

            block.Add((byte)length);
        }

        block.AddRange(Encoding.ASCII.GetBytes(text));
    }
}
