using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace SdsServer.Core.Access;

/// <summary>The text of a bearer token: <c>sds_ID_SECRET</c>, where the secret is 256 random bits as base64url. Only its hash is kept.</summary>
public static partial class TokenText
{
    private const string Prefix = "sds_";
    private const int SecretLength = 32;

    /// <summary>A new token's text, to be shown once, and the hash to be stored.</summary>
    public static (string Text, byte[] Hash) Create(string id)
    {
        byte[] secret = RandomNumberGenerator.GetBytes(SecretLength);
        return ($"{Prefix}{id}_{Base64Url.EncodeToString(secret)}", SHA256.HashData(secret));
    }

    /// <summary>Takes a text apart; false for anything that <see cref="Create"/> did not make.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out string? id, [NotNullWhen(true)] out byte[]? secret)
    {
        (id, secret) = (null, null);
        if (text is null || text.Length > 256 || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        int end = text.IndexOf('_', Prefix.Length);
        if (end <= Prefix.Length || !Base64Url.IsValid(text.AsSpan(end + 1), out int length) || length != SecretLength)
        {
            return false;
        }

        id = text[Prefix.Length..end];
        secret = Base64Url.DecodeFromChars(text.AsSpan(end + 1));
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
