using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace SdsServer.Core.Access;

/// <summary>The text of a bearer token: <c>sds_ID_SECRET</c>, where the secret is 256 random bits as base64url. Only its hash is kept.</summary>
public static partial class TokenText
{
    private const string Prefix = "sds_";

    /// <summary>Octets of a token's secret part.</summary>
    public const int SecretLength = 32;

    /// <summary>A new token's text, to be shown once, and the hash to be stored.</summary>
    public static (string Text, byte[] Hash) Create(string id)
    {
        Span<byte> secret = stackalloc byte[SecretLength];
        RandomNumberGenerator.Fill(secret);
        (string, byte[]) made = ($"{Prefix}{id}_{Base64Url.EncodeToString(secret)}", SHA256.HashData(secret));
        CryptographicOperations.ZeroMemory(secret);
        return made;
    }

    /// <summary>Takes a text apart; false for anything that <see cref="Create"/> did not make.</summary>
    /// <param name="text">Nothing is copied of its secret part but into <paramref name="secret"/>.</param>
    /// <param name="id">Which token it says it is.</param>
    /// <param name="secret">Takes <see cref="SecretLength"/> octets, which the caller zeroes.</param>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? id, Span<byte> secret)
    {
        id = null;
        if (text.Length > 256 || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> rest = text[Prefix.Length..];
        int end = rest.IndexOf('_');
        if (end <= 0 || !Base64Url.IsValid(rest[(end + 1)..], out int length) || length != SecretLength)
        {
            return false;
        }

        Base64Url.DecodeFromChars(rest[(end + 1)..], secret);
        id = rest[..end].ToString();
        return true;
    }

    /// <summary>The text with the secret parts of all tokens in it cut out, also of ones that were cut short or mistyped.</summary>
    public static string CutSecrets(string text) => Secrets().Replace(text, "$1[removed]");

    /// <summary>Compares in constant time.</summary>
    public static bool Matches(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> hash) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(secret), hash);

    [GeneratedRegex("(sds_[A-Za-z0-9]+_)[A-Za-z0-9_-]{8,}")]
    private static partial Regex Secrets();
}
