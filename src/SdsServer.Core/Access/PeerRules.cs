using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Access;

/// <summary>
/// The SPIFFE IDs a workload talks to: whole IDs, and <c>spiffe://example.org/ns/shop/*</c> for all below. Equal when they let the same peers in.
/// </summary>
public sealed class PeerRules : IEquatable<PeerRules>
{
    private const string Below = "/*";

    /// <param name="texts">Checked ones: see <see cref="Refuse"/>.</param>
    public PeerRules(IEnumerable<string> texts)
    {
        Texts = [.. texts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Digest = Texts.IsEmpty ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Texts))).AsSpan(0, 8));
    }

    /// <summary>None are named: whoever the bundle vouches for may be a peer, as far as this server says.</summary>
    public static PeerRules None { get; } = new([]);

    /// <summary>Sorted, each once.</summary>
    public ImmutableArray<string> Texts { get; }

    /// <summary>Names them in a version: 16 hex digits; empty for none.</summary>
    public string Digest { get; }

    public bool IsEmpty => Texts.IsEmpty;

    /// <summary>Null for a good text, else what is wrong with it.</summary>
    public static string? Refuse(string text, TrustDomain trustDomain)
    {
        // "x" stands for what may follow, so that a prefix is judged as the IDs it lets in.
        string whole = text.EndsWith(Below, StringComparison.Ordinal) ? text[..^1] + "x" : text;
        if (!SpiffeId.TryParse(whole, out SpiffeId? id, out string? reason))
        {
            return $"'{text}' is neither a SPIFFE ID nor one that ends in {Below}: {reason}";
        }

        return id.TrustDomain.Equals(trustDomain) && id.IsWorkload ? null : $"'{text}' is not in trust domain {trustDomain}, whose roots are all that the bundle holds";
    }

    /// <summary>What the URI name of a peer's certificate must be, or begin with.</summary>
    public static (string Text, bool IsPrefix) Matcher(string text) =>
        text.EndsWith(Below, StringComparison.Ordinal) ? (text[..^1], true) : (text, false);

    public bool Equals(PeerRules? other) => other is not null && Texts.SequenceEqual(other.Texts, StringComparer.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as PeerRules);

    public override int GetHashCode() => Digest.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => string.Join(", ", Texts);
}
