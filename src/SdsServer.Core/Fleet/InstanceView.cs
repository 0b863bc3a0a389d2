using System.Collections.Immutable;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>One instance as it stands, for people to look at.</summary>
public sealed record InstanceView
{
    public required string Id { get; init; }

    public required InstanceKey Key { get; init; }

    /// <summary>Envoy's release, or empty.</summary>
    public required string NodeVersion { get; init; }

    public required bool Connected { get; init; }

    /// <summary>UTC time at which it came; null where nobody knows, and it may have run for long: an earlier term met it, or it came with secrets.</summary>
    public required DateTimeOffset? FirstSeen { get; init; }

    /// <summary>UTC time at which it last opened, answered or closed a stream; for one that has not come back, that of its newest leaf.</summary>
    public required DateTimeOffset? LastSeen { get; init; }

    /// <summary>Names of the secrets it is subscribed to now, in ordinal order.</summary>
    public required ImmutableArray<string> Secrets { get; init; }

    public required bool Member { get; init; }

    public required bool Quarantined { get; init; }

    /// <summary>On the roster of consumers that never take a leaf.</summary>
    public required bool Rostered { get; init; }

    /// <summary>The oldest epoch it may enforce; 0 while unknown.</summary>
    public required long Lo { get; init; }

    /// <summary>Sources of the bundle that it has had at once, without those that were given up.</summary>
    public required int BundleSlots { get; init; }

    public required int BundleSubscriptions { get; init; }

    /// <summary>The same of its leaf.</summary>
    public required int LeafSlots { get; init; }

    public required int LeafSubscriptions { get; init; }

    /// <summary>It is sent bundle bytes of its own.</summary>
    public required bool Dirty { get; init; }

    /// <summary>Leaves it may present, oldest first.</summary>
    public required ImmutableArray<LedgerRow> Outstanding { get; init; }

    /// <summary>UTC time at which its newest leaf is to be renewed; null where this term has issued it none.</summary>
    public required DateTimeOffset? RenewAt { get; init; }

    /// <summary>Why its leaf request waits; null if it does not.</summary>
    public required string? HeldBecause { get; init; }

    public required NackReport? LastNack { get; init; }

    /// <summary>The last refusal has not been healed.</summary>
    public required bool Refusing { get; init; }

    /// <summary>What waves select it by.</summary>
    public required ProxyTraits Traits { get; init; }

    /// <summary>Its wave in the rotation under way, from 1; 0 where it is in none.</summary>
    public required int Wave { get; init; }

    /// <summary>It takes leaves but no bundle from here: what it trusts is not known.</summary>
    public required bool UnmanagedTrust { get; init; }

    /// <summary>An operator has found that it trusts what the bundle holds now.</summary>
    public required bool TrustConfirmed { get; init; }
}
