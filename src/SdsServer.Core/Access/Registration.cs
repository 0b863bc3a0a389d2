using System.Collections.Immutable;

namespace SdsServer.Core.Access;

/// <summary>Who a caller is that shows certain selectors, and what it may have. <see cref="RegistrationRules"/> says what a good one is.</summary>
public sealed record Registration
{
    public required string Id { get; init; }

    /// <summary>For people.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>Texts of <see cref="Selector"/>; all must be shown.</summary>
    public required ImmutableArray<string> Selectors { get; init; }

    /// <summary>The workload's ID, or a template of one: <c>spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}</c>.</summary>
    public required string SpiffeId { get; init; }

    /// <summary>DNS names of its leaves, or templates of them; empty: those that the evidence itself names.</summary>
    public ImmutableArray<string> DnsNames { get; init; } = [];

    public LeafTerms Leaf { get; init; } = LeafTerms.Server;

    /// <summary>The only secret names it may have; empty: every name of its own.</summary>
    public ImmutableArray<string> SecretNames { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>SPIFFE IDs it talks to, see <see cref="PeerRules"/>; empty: not said.</summary>
    public ImmutableArray<string> Peers { get; init; } = [];

    /// <summary>It takes the bundle and never a leaf.</summary>
    public bool BundleOnly { get; init; }

    /// <summary>From 1, one more with each change; 0 for one of a file.</summary>
    public long Revision { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public string CreatedBy { get; init; } = "";

    public DateTimeOffset UpdatedAt { get; init; }

    public string UpdatedBy { get; init; } = "";

    /// <summary>All that it grants, in one line for the log.</summary>
    public string ToText()
    {
        (string Name, string Value)[] parts =
        [
            ("spiffe_id", SpiffeId),
            ("selectors", string.Join(' ', Selectors)),
            ("dns_names", string.Join(' ', DnsNames)),
            ("leaf_lifetime", $"{Leaf.Lifetime:c}"),
            ("min_leaf_lifetime", $"{Leaf.Minimum:c}"),
            ("max_leaf_lifetime", $"{Leaf.Maximum:c}"),
            ("key_algorithm", $"{Leaf.Keys}"),
            ("secret_names", string.Join(' ', SecretNames)),
            ("labels", string.Join(' ', Labels.Select(label => $"{label.Key}={label.Value}"))),
            ("peers", string.Join(' ', Peers)),
            ("bundle_only", BundleOnly ? "true" : ""),
        ];
        return string.Join("; ", parts.Where(part => part.Value.Length > 0).Select(part => $"{part.Name} {part.Value}"));
    }
}
