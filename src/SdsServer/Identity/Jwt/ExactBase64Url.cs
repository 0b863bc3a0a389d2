using System.Buffers.Text;

namespace SdsServer.Identity.Jwt;

/// <summary>Base64url as RFC 7515 section 2 writes it. One text for each value: no padding, no blanks, no stray bits at the end.</summary>
internal static class ExactBase64Url
{
    /// <summary>Null for anything that is not the one right text.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (!Base64Url.IsValid(text))
        {
            return null;
        }

        byte[] value = Base64Url.DecodeFromChars(text);

        // The decoder lets padding and blanks pass: a token that was revoked or logged by its text would have others.
        return text.SequenceEqual(Base64Url.EncodeToString(value)) ? value : null;
    }
}
