using System.Collections.Immutable;

namespace SdsServer.Core.Fleet;

/// <summary>One instance as it stands, for people to look at.</summary>
public sealed record InstanceView
{
    public required string Id { get; init; }

    public required InstanceKey Key { get; init; }

    /// <summary>Envoy's release, or empty.</summary>
    public required string NodeVersion { get; init; }

    public required bool Connected { get; init; }

    public required bool Member { get; init; }

    public required bool Quarantined { get; init; }

    /// <summary>On the roster of consumers that never take a leaf.</summary>
    public required bool Rostered { get; init; }

    /// <summary>The oldest epoch it may enforce; 0 while unknown.</summary>
    public required long Lo { get; init; }

    public required int BundleSlots { get; init; }

    public required int BundleSubscriptions { get; init; }

    public required int LeafSubscriptions { get; init; }

    /// <summary>It is sent bundle bytes of its own.</summary>
    public required bool Dirty { get; init; }

    /// <summary>Leaves it may present, oldest first.</summary>
    public required ImmutableArray<LedgerRow> Outstanding { get; init; }

    /// <summary>Why its leaf request waits; null if it does not.</summary>
    public required string? HeldBecause { get; init; }

    public required NackReport? LastNack { get; init; }

    /// <summary>The last refusal has not been healed.</summary>
    public required bool Refusing { get; init; }
}
