using System.Collections.Immutable;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>One Envoy process, as far as evidence shows.</summary>
internal sealed class Instance(string id, InstanceKey key, Workload workload)
{
    public string Id { get; } = id;

    public InstanceKey Key { get; } = key;

    public Workload Workload { get; set; } = workload;

    public string NodeVersion { get; set; } = "";

    /// <summary>What waves select it by.</summary>
    public ProxyTraits Traits { get; set; } = ProxyTraits.Of(key.SpiffeId);

    /// <summary>Where its Envoy's admin answers; null where it states no port.</summary>
    public Uri? Admin { get; set; }

    /// <summary>The connection its streams are on; null while it is not connected.</summary>
    public long? Connection { get; set; }

    public SlotSet Bundles { get; } = new();

    public SlotSet Leaves { get; } = new();

    /// <summary>Its subscriptions to session ticket keys, which are evidence of nothing.</summary>
    public SlotSet Tickets { get; } = new();

    /// <summary>The oldest epoch any of its slots may enforce; 0 while nothing is known.</summary>
    public long Lo { get; set; }

    /// <summary>The epoch when it first came; 0 where an earlier term has met it.</summary>
    public long ArrivedAt { get; init; }

    /// <summary>The oldest epoch of what it has shown that it had before; 0 where nobody knows of when that is.</summary>
    public long OldestShown { get; set; } = long.MaxValue;

    /// <summary>Roots that an operator has found it to trust, where it takes no bundle from here, and the epoch of that; null for none.</summary>
    public (ImmutableArray<string> Roots, long Epoch)? Confirmed { get; set; }

    /// <summary>Roots that its bootstrap has as anchors for this server, by its node's word.</summary>
    public ImmutableArray<string> Anchors { get; set; } = [];

    /// <summary>The epoch whose roots an operator has found among its anchors; 0: nobody has looked.</summary>
    public long AnchorsConfirmedAt { get; set; }

    /// <summary>The root of the server's own certificate that it saw when it connected last; null: not in this term, or the certificate is not the server's own.</summary>
    public string? MetRoot { get; set; }

    /// <summary>The root for which an operator has passed over it, whatever its anchors; null for none.</summary>
    public string? AnchorPassedOver { get; set; }

    /// <summary>The epoch of a bundle that it reported and this store does not know yet; 0: none.</summary>
    public long NewerEpoch { get; set; }

    /// <summary>Nothing can be hidden: it came without versions, no bundle stream of it ever closed, and nobody of its key vanished.</summary>
    public bool Fresh { get; set; } = true;

    /// <summary>On the durable roster of consumers that never take a leaf.</summary>
    public bool Rostered { get; set; }

    public Dictionary<string, OutstandingLeaf> Outstanding { get; } = [];

    /// <summary>The newest leaf issued to it in this process's life.</summary>
    public OutstandingLeaf? Newest { get; set; }

    public int LeavesIssued { get; set; }

    public LeafWork Work { get; set; }

    /// <summary>Number of its newest entry in the issuing queue: an older one is void.</summary>
    public long QueueEntry { get; set; }

    /// <summary>What it is queued for.</summary>
    public LeafClass QueuedAs { get; set; }

    /// <summary>The signer when the leaf under way was asked for.</summary>
    public string SigningAuthority { get; set; } = "";

    /// <summary>Monotonic time before which no leaf is issued, after refusals and failures.</summary>
    public TimeSpan LeafNotBefore { get; set; }

    public NackReport? LastNack { get; set; }

    /// <summary>It refused a bundle, and no fresh one was accepted since.</summary>
    public bool BundleRefused { get; set; }

    /// <summary>It refused a leaf, and no fresh one was accepted since.</summary>
    public bool LeafRefused { get; set; }

    /// <summary>Monotonic time since when it has an open refusal.</summary>
    public TimeSpan RefusingSince { get; set; }

    /// <summary>The plan whose new leaf it was sent, and has answered neither that one nor any after it, and the monotonic time since when; null: it owes no answer.</summary>
    public (string Plan, TimeSpan Since)? Unanswered { get; set; }

    /// <summary>Since when (monotonic) its admin is asked, in vain, for a leaf of this plan's new authority.</summary>
    public (string Plan, TimeSpan Since)? Unshown { get; set; }

    /// <summary>Monotonic time at which an operator has given it another chance.</summary>
    public TimeSpan PardonedAt { get; set; } = TimeSpan.MinValue / 2;

    /// <summary>An operator has let the plan go on in spite of its refusal, which is still open.</summary>
    public bool Excused { get; set; }

    /// <summary>It was connected once for so long that every source it had must have come: what was concluded of it hides nothing.</summary>
    public bool Settled { get; set; }

    /// <summary>An operator has passed over it: it counts again when it has proven this epoch, and stands at the floor; 0: nobody has.</summary>
    public long OverruledBelow { get; set; }

    /// <summary>The plan for which an operator has passed over what it refuses, or leaves unanswered; null for none.</summary>
    public string? PassedOverIn { get; set; }

    /// <summary>Its place in the waves of the plan <see cref="PlaceIn"/>.</summary>
    public ulong Place { get; set; }

    /// <summary>What selects it in the plan <see cref="PlaceIn"/>: as it was when that met it, for it keeps its wave.</summary>
    public ProxyTraits TraitsInPlan { get; set; } = ProxyTraits.Of(key.SpiffeId);

    public string PlaceIn { get; set; } = "";

    public WaveStanding Standing { get; set; }

    /// <summary>The plan for which its Envoy's admin has shown a leaf of the new authority; null for none.</summary>
    public string? ConfirmedIn { get; set; }

    /// <summary>What the admin said last, for people to read.</summary>
    public string ProbeDetail { get; set; } = "";

    /// <summary>Monotonic time before which its admin is not asked again.</summary>
    public TimeSpan ProbeAt { get; set; }

    /// <summary>Leaves it refused one after the other, each of them new, while its bundle was healthy.</summary>
    public int LeafRefusals { get; set; }

    /// <summary>Why its leaf request waits, for people to read; null when it does not.</summary>
    public string? HeldBecause { get; set; }

    /// <summary>The epoch at which the floor counts it; null while it is no member.</summary>
    public long? CountedAt { get; set; }

    /// <summary>The earliest monotonic time its timer is set for.</summary>
    public TimeSpan? TimerAt { get; set; }

    /// <summary>Writes of its slots under way: nothing goes out on a new slot before they are durable.</summary>
    public int SlotsBeingRaised { get; set; }

    /// <summary>The slots in the roster entry that is being written; 0 while none is.</summary>
    public int RosterPending { get; set; }

    /// <summary>On the roster, or about to be: no expiry ends its membership.</summary>
    public bool Enrolled => Rostered || RosterPending > 0;

    /// <summary>Monotonic time at which, having come back with a valid leaf, it is issued a new one.</summary>
    public TimeSpan ReconnectDue { get; set; }

    /// <summary>An operator asked for a new leaf.</summary>
    public bool WantsLeaf { get; set; }

    /// <summary>
    /// Monotonic time since when it has held an accepted leaf on this connection, or been on the roster with it: all its slots have
    /// had that long to come back.
    /// </summary>
    public TimeSpan? HoldsSince { get; set; }

    /// <summary>Monotonic time since when it has no connection; null while it has one.</summary>
    public TimeSpan? AwaySince { get; set; }

    /// <summary>Monotonic time at which a process of its key last went that held no accepted leaf; null for never.</summary>
    public TimeSpan? KinVanishedAt { get; set; }

    /// <summary>
    /// UTC time at which it came; null where nobody remembers, and it may have run for as long as anybody: an earlier term met it, or it
    /// came with secrets.
    /// </summary>
    public DateTimeOffset? FirstSeen { get; set; }

    /// <summary>UTC time of its last sign of life, for people to read; null where nobody remembers.</summary>
    public DateTimeOffset? LastSeen { get; set; }

    public bool Ended { get; set; }

    public bool Connected => Connection is not null;

    public bool HasOpenRefusal => LeafRefused || BundleRefused;

    public IEnumerable<Subscription> Subscriptions => Bundles.Live.Concat(Leaves.Live).Concat(Tickets.Live);

    public SlotSet SlotsOf(SecretKind kind) => kind switch
    {
        SecretKind.Bundle => Bundles,
        SecretKind.Leaf => Leaves,
        _ => Tickets,
    };
}
