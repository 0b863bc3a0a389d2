using System.Globalization;
using System.Text;

namespace SdsServer.Grpc.Wire;

/// <summary>The coding of grpc-message: UTF-8, with everything but printable ASCII, and '%' itself, as %XX.</summary>
internal static class PercentCoding
{
    public static string Encode(string text)
    {
        StringBuilder? encoded = null;
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        for (int i = 0; i < utf8.Length; i++)
        {
            byte b = utf8[i];
            if (b is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                encoded?.Append((char)b);
                continue;
            }

            // Until here every byte was one character.
            encoded ??= new StringBuilder(text, 0, i, text.Length + 32);
            encoded.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return encoded?.ToString() ?? text;
    }

    /// <summary>Never fails: what is no valid escape stays as it is, what is no UTF-8 becomes U+FFFD.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++, length++)
        {
            bool escape = bytes[i] == '%' && i + 2 < bytes.Length && char.IsAsciiHexDigit((char)bytes[i + 1]) && char.IsAsciiHexDigit((char)bytes[i + 2]);
            bytes[length] = escape ? byte.Parse(bytes.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : bytes[i];
            i += escape ? 2 : 0;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
