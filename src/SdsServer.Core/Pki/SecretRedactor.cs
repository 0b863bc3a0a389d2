using System.Buffers;
using System.Text;

namespace SdsServer.Core.Pki;

/// <summary>
/// Cuts key material out of what a proxy said. Envoy prints a Secret that breaks a proto constraint whole, private key included, into its NACK,
/// and the text may have been escaped, cut off or wrapped on the way. What is left is one line of bounded length.
/// Cuts rather too much: whole PEM blocks, whole inline_bytes and inline_string values, then any run of base64 characters as long as a piece of key.
/// </summary>
public static class SecretRedactor
{
    private const int ShortestSecretRun = 16;
    private const string Cut = "[removed]";
    private const string Begin = "-----BEGIN ", End = "-----END ", Dashes = "-----";

    // Escapes (\n, \012, \u002B, %0A) and line breaks belong to a run: they stand inside base64, not between two words.
    private static readonly SearchValues<char> RunCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\%\r\n\t");

    private static readonly SearchValues<string> ValueNames = SearchValues.Create(["inline_bytes", "inline_string", "inlineBytes", "inlineString"], StringComparison.Ordinal);

    // Long words of Envoy's and BoringSSL's own error texts. Only a run that is exactly such a word is kept.
    private static readonly HashSet<string> KnownWords =
    [
        "SecretValidationError", "TlsCertificateValidationError", "CertificateValidationContextValidationError", "DataSourceValidationError",
        "CertificateValidationContext", "DownstreamTlsContext", "DownstreamTlsContextValidationError", "UpstreamTlsContext", "CommonTlsContext",
        "TransportSocketFactory", "TlsSessionTicketKeys", "TlsSessionTicketKeysValidationError", "GenericSecretValidationError",
        "SslSocketFactory", "InvalidArgument", "ValidationContext",
    ];

    /// <summary>The text without key material, without control characters, at most maxLength characters long.</summary>
    public static string Redact(string? text, int maxLength = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        return Shorten(CutRuns(CutValues(CutBlocks(text ?? ""))), maxLength);
    }

    private static string CutBlocks(string text)
    {
        StringBuilder result = new();
        ReadOnlySpan<char> rest = text;
        for (int begin; (begin = rest.IndexOf(Begin, StringComparison.Ordinal)) >= 0;)
        {
            result.Append(rest[..begin]).Append(Cut);
            rest = rest[(begin + Begin.Length)..];
            int end = rest.IndexOf(End, StringComparison.Ordinal);
            int close = end < 0 ? -1 : rest[(end + End.Length)..].IndexOf(Dashes, StringComparison.Ordinal);
            rest = close < 0 ? [] : rest[(end + End.Length + close + Dashes.Length)..]; // no end: all that follows may be key
        }

        return result.Append(rest).ToString();
    }

    private static string CutValues(string text)
    {
        StringBuilder result = new();
        ReadOnlySpan<char> rest = text;
        for (int name; (name = rest.IndexOfAny(ValueNames)) >= 0;)
        {
            int open = rest[name..].IndexOfAny('"', '\'');
            if (open < 0)
            {
                break;
            }

            open += name;
            int depth = Backslashes(rest, open);
            char quote = rest[open];
            result.Append(rest[..(open + 1)]).Append(Cut);
            rest = rest[(open + 1)..];
            int close = 0;
            while (close < rest.Length && (rest[close] != quote || Backslashes(rest, close) > depth))
            {
                close++;
            }

            rest = rest[close..];
        }

        return result.Append(rest).ToString();
    }

    private static int Backslashes(ReadOnlySpan<char> text, int before)
    {
        int count = 0;
        while (before - count > 0 && text[before - count - 1] == '\\')
        {
            count++;
        }

        return count;
    }

    private static string CutRuns(string text)
    {
        StringBuilder result = new();
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            int length = RunLength(rest);
            ReadOnlySpan<char> run = rest[..length];
            if (length < ShortestSecretRun || KnownWords.GetAlternateLookup<ReadOnlySpan<char>>().Contains(run))
            {
                result.Append(run);
            }
            else
            {
                result.Append(Cut);
            }

            rest = rest[length..];
            int gap = rest.IndexOfAny(RunCharacters) is >= 0 and int next ? next : rest.Length;
            result.Append(rest[..gap]);
            rest = rest[gap..];
        }

        return result.ToString();
    }

    // Indentation after a line break, real or escaped, belongs to the run too; a space between words ends it.
    private static int RunLength(ReadOnlySpan<char> text)
    {
        int length = 0;
        bool lineStart = false;
        for (; length < text.Length && (RunCharacters.Contains(text[length]) || (lineStart && text[length] == ' ')); length++)
        {
            lineStart = text[length] is '\n' or '\r' || (lineStart && text[length] == ' ') || (text[length] == 'n' && length > 0 && text[length - 1] == '\\');
        }

        return length;
    }

    private static string Shorten(string text, int maxLength)
    {
        StringBuilder line = new(Math.Min(text.Length, maxLength));
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool visible = !Rune.IsControl(rune) && rune.Value is not (0x2028 or 0x2029);
            if (line.Length + (visible ? rune.Utf16SequenceLength : 1) > maxLength)
            {
                line.Length = Math.Min(line.Length, maxLength - 1);
                return line.Append('…').ToString();
            }

            line.Append(visible ? rune.ToString() : " ");
        }

        return line.ToString();
    }
}
