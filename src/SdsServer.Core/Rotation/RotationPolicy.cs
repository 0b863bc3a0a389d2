using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>How a plan moves. Soaks never replace evidence: they start when the evidence is complete. Deadlines hold, they never advance.</summary>
public sealed record RotationPolicy
{
    /// <summary>One proxy, then growing shares: what a server does that is not told otherwise.</summary>
    public static readonly ImmutableArray<Wave> UsualWaves = [Wave.Of(1), Wave.OfPercent(1), Wave.OfPercent(10), Wave.OfPercent(50)];

    /// <summary>Before the first leaf of the new authority (gate G1).</summary>
    public GatePolicy TrustGate { get; init; } = GatePolicy.Ack;

    /// <summary>Before each wave but the first (gate G2).</summary>
    public GatePolicy WaveGate { get; init; } = GatePolicy.Ack;

    /// <summary>Before the old root leaves the bundle (gate G3).</summary>
    public GatePolicy DropGate { get; init; } = GatePolicy.Ack;

    /// <summary>Wait between "every member enforces the new root" and the first leaf from it.</summary>
    public TimeSpan TrustSoak { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The waves in order; whoever is left after the last is one more. Empty: the whole fleet at once.</summary>
    public ImmutableArray<Wave> Waves { get; init; } = [];

    /// <summary>Wait between "everyone in the wave uses its new leaf" and the next wave.</summary>
    public TimeSpan WaveSoak { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The same after the first wave.</summary>
    public TimeSpan CanarySoak { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Proxies of the waves that may be on the way to their new leaf at once, silent ones too; null: a twentieth of the fleet, one at
    /// least. With 1 the waves go strictly one by one.
    /// </summary>
    public int? MaxInFlight { get; init; }

    /// <summary>The plan is held while more of the reached proxies than this many percent leave a leaf unanswered for the ACK time-out.</summary>
    public double MaxSilentPercent { get; init; } = 5;

    /// <summary>What shows that a proxy of a wave uses its new leaf.</summary>
    public LeafEvidence Evidence { get; init; }

    /// <summary>
    /// While leaves are being replaced: turn back by itself when a proxy refuses a second, fresh leaf of the new authority though its
    /// bundle is healthy, when too many leave their leaf unanswered, or when the webhook says no.
    /// </summary>
    public bool AutomaticRollback { get; init; }

    /// <summary>Wait between "the last leaf that needs the outgoing root is superseded" and its removal.</summary>
    public TimeSpan DropSoak { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest life of a connection; the removal waits for it too, in an emergency the end does. Zero: not known.</summary>
    public TimeSpan MaxConnectionAge { get; init; }

    /// <summary>A gate shut for longer holds the plan; it never opens the gate. Null: twice the longest leaf lifetime.</summary>
    public TimeSpan? GateDeadline { get; init; }

    /// <summary>The new authority signs nothing before this time, whatever the evidence; null: no such limit.</summary>
    public DateTimeOffset? SignNotBefore { get; init; }

    /// <summary>
    /// While the plan lasts, leaves live no longer than this, and longer ones are replaced: so long does an absent proxy keep a gate shut
    /// at most. Null: as long as ever.
    /// </summary>
    public TimeSpan? LeafLifetime { get; init; }

    /// <summary>Emergency only, from the start: the new authority signs from now on, whoever has not proven the bundle is passed over.</summary>
    public TimeSpan SignDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Emergency only, from the start: the stolen root leaves the bundle, whatever needs it is passed over.</summary>
    public TimeSpan DropDeadline { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Emergency only: the operator who starts it has said that the deadlines pass over what remains, with that name on it. Without it
    /// a deadline holds the plan, and what remains is overridden by name.
    /// </summary>
    public bool ForceAtDeadlines { get; init; }

    /// <summary>The same for a stolen root: everybody at once, and nothing is waited for but evidence and the two deadlines.</summary>
    public RotationPolicy ForEmergency() => this with
    {
        TrustGate = GatePolicy.Ack,
        WaveGate = GatePolicy.Ack,
        DropGate = GatePolicy.Ack,
        TrustSoak = TimeSpan.Zero,
        CanarySoak = TimeSpan.Zero,
        WaveSoak = TimeSpan.Zero,
        DropSoak = TimeSpan.Zero,
        Waves = [],
        Evidence = LeafEvidence.Ack,
        AutomaticRollback = false,
        LeafLifetime = null,
    };

    /// <summary>What opens this gate.</summary>
    public GatePolicy At(Gate gate) => gate switch
    {
        Gate.G1 => TrustGate,
        Gate.G2 => WaveGate,
        Gate.G3 => DropGate,
        _ => GatePolicy.Ack,
    };
}
