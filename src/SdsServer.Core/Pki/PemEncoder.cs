using System.Buffers.Text;

namespace SdsServer.Core.Pki;

/// <summary>Writes RFC 7468 PEM (64 columns, LF) straight into UTF-8 bytes.</summary>
internal static class PemEncoder
{
    private const int BytesPerLine = 48;

    public static int Length(string label, int derLength)
    {
        int base64 = Base64.GetMaxEncodedToUtf8Length(derLength);
        int lines = (base64 + 63) / 64;
        return "-----BEGIN -----\n-----END -----\n".Length + (2 * label.Length) + base64 + lines;
    }

    public static int Write(string label, ReadOnlySpan<byte> der, Span<byte> destination)
    {
        int written = 0;
        Append(destination, ref written, "-----BEGIN "u8, label);
        while (!der.IsEmpty)
        {
            int take = Math.Min(BytesPerLine, der.Length);
            Base64.EncodeToUtf8(der[..take], destination[written..], out _, out int count);
            written += count;
            destination[written++] = (byte)'\n';
            der = der[take..];
        }

        Append(destination, ref written, "-----END "u8, label);
        return written;
    }

    public static byte[] Encode(string label, ReadOnlySpan<byte> der)
    {
        byte[] pem = new byte[Length(label, der.Length)];
        Write(label, der, pem);
        return pem;
    }

    private static void Append(Span<byte> destination, ref int written, ReadOnlySpan<byte> marker, string label)
    {
        marker.CopyTo(destination[written..]);
        written += marker.Length;
        written += System.Text.Encoding.ASCII.GetBytes(label, destination[written..]);
        "-----\n"u8.CopyTo(destination[written..]);
        written += 6;
    }
}
