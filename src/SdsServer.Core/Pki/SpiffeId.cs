using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace SdsServer.Core.Pki;

/// <summary>A SPIFFE ID (SPIFFE-ID section 2), kept exactly as written: nothing is normalised, what is not canonical is refused. Equal by text.</summary>
public sealed class SpiffeId : IEquatable<SpiffeId>
{
    private const string Scheme = "spiffe://";
    private const int MaxLength = 2048;
    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    private readonly string _text;

    private SpiffeId(string text, TrustDomain trustDomain)
    {
        _text = text;
        TrustDomain = trustDomain;
    }

    /// <summary>The trust domain.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>The path with its leading slash, or "" for the ID of the trust domain itself. A workload always has one.</summary>
    public string Path => _text[(Scheme.Length + TrustDomain.Name.Length)..];

    /// <summary>True if there is a path, as every leaf certificate needs (X509-SVID section 3.1).</summary>
    public bool IsWorkload => _text.Length > Scheme.Length + TrustDomain.Name.Length;

    /// <summary>Reads an ID; the reason says what is wrong with anything else.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeId? id, [NotNullWhen(false)] out string? reason)
    {
        id = null;
        reason = Check(text, out TrustDomain? trustDomain);
        if (reason is not null)
        {
            reason = $"SPIFFE ID: {reason}";
            return false;
        }

        id = new SpiffeId(text!, trustDomain!);
        return true;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">Not a SPIFFE ID.</exception>
    public static SpiffeId Parse(string text) => TryParse(text, out SpiffeId? id, out string? reason) ? id : throw new FormatException(reason);

    /// <inheritdoc/>
    public bool Equals(SpiffeId? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SpiffeId);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The whole ID: spiffe://example.org/ns/default/sa/web.</summary>
    public override string ToString() => _text;

    private static string? Check(string? text, out TrustDomain? trustDomain)
    {
        trustDomain = null;
        if (string.IsNullOrEmpty(text))
        {
            return "it is empty";
        }

        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return "it must begin with spiffe:// in lower case";
        }

        if (text.Length > MaxLength)
        {
            return $"it is longer than {MaxLength} octets";
        }

        int slash = text.IndexOf('/', Scheme.Length);
        if (!TrustDomain.TryParse(slash < 0 ? text[Scheme.Length..] : text[Scheme.Length..slash], out trustDomain, out string? reason))
        {
            return reason;
        }

        return slash < 0 ? null : CheckPath(text.AsSpan(slash));
    }

    private static string? CheckPath(ReadOnlySpan<char> path)
    {
        foreach (Range range in path[1..].Split('/'))
        {
            ReadOnlySpan<char> segment = path[1..][range];
            switch (segment)
            {
                case "":
                    return "a path segment is empty (no double or trailing slash)";
                case "." or "..":
                    return "a path segment is . or ..";
                case var _ when segment.ContainsAnyExcept(Allowed):
                    return "a path segment holds a character that is not one of a-z A-Z 0-9 . - _ (no percent signs, query, fragment)";
            }
        }

        return null;
    }
}
