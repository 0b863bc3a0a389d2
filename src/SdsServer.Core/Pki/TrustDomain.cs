using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace SdsServer.Core.Pki;

/// <summary>A SPIFFE trust domain name (SPIFFE-ID section 2.1): lower-case letters, digits, '.', '-' and '_', at most 255 octets. Equal by name.</summary>
public sealed class TrustDomain : IEquatable<TrustDomain>
{
    private const int MaxLength = 255;
    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-_");

    private TrustDomain(string name) => Name = name;

    /// <summary>The name alone: example.org.</summary>
    public string Name { get; }

    /// <summary>The trust domain as an ID: spiffe://example.org. Signing certificates carry it.</summary>
    public string Uri => $"spiffe://{Name}";

    /// <summary>Reads a bare name such as example.org; the reason says what is wrong with anything else.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out TrustDomain? trustDomain, [NotNullWhen(false)] out string? reason)
    {
        reason = text switch
        {
            null or "" => "is empty",
            _ when text.Contains("://", StringComparison.Ordinal) => "must be a bare name such as example.org, without scheme",
            { Length: > MaxLength } => $"is longer than {MaxLength} octets",
            _ when text.AsSpan().IndexOfAnyExcept(Allowed) is >= 0 and int at => $"holds a character at position {at} that is not one of a-z 0-9 . - _",
            _ => null,
        };
        trustDomain = reason is null ? new TrustDomain(text!) : null;
        if (reason is not null)
        {
            reason = $"trust domain {reason}";
        }

        return reason is null;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">Not a trust domain name.</exception>
    public static TrustDomain Parse(string text) => TryParse(text, out TrustDomain? trustDomain, out string? reason) ? trustDomain : throw new FormatException(reason);

    /// <inheritdoc/>
    public bool Equals(TrustDomain? other) => other is not null && Name == other.Name;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TrustDomain);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The bare name.</summary>
    public override string ToString() => Name;
}
