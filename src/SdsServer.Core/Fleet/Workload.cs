using System.Collections.Immutable;
using SdsServer.Core.Access;

namespace SdsServer.Core.Fleet;

/// <summary>Who a caller is, by evidence, and what it may have. Equal when everything in it is.</summary>
/// <param name="SpiffeId">The only URI SAN of its leaves.</param>
/// <param name="DnsNames">DNS SANs of its leaves.</param>
/// <param name="BundleOnly">It never takes a leaf; it enters the roster instead.</param>
public sealed record Workload(string SpiffeId, ImmutableArray<string> DnsNames, bool BundleOnly)
{
    /// <summary>Lifetime and keys of its leaves.</summary>
    public LeafTerms Leaf { get; init; } = LeafTerms.Server;

    /// <summary>The only secret names it may have, to the letter; empty: every name of its own.</summary>
    public ImmutableArray<string> SecretNames { get; init; } = [];

    /// <summary>Labels that waves select it by, instead of what its node claims under the same names.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whom its bundle lets in, of those whom the roots vouch for.</summary>
    public PeerRules Peers { get; init; } = PeerRules.None;

    public bool Equals(Workload? other) =>
        other is not null
        && SpiffeId == other.SpiffeId
        && BundleOnly == other.BundleOnly
        && HasSameLeaves(other)
        && SecretNames.SequenceEqual(other.SecretNames, StringComparer.Ordinal)
        && Labels.SequenceEqual(other.Labels)
        && Peers.Equals(other.Peers);

    public override int GetHashCode() => SpiffeId.GetHashCode(StringComparison.Ordinal);

    /// <summary>A leaf that was made for the other one says what one for this one would.</summary>
    public bool HasSameLeaves(Workload other) => DnsNames.SequenceEqual(other.DnsNames, StringComparer.Ordinal) && Leaf == other.Leaf;
}
