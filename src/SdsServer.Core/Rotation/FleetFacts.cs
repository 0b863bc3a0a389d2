using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>What the planner must know of the fleet: counts only, so that asking costs nothing.</summary>
public sealed record FleetFacts
{
    public required long Floor { get; init; }

    /// <summary>Outstanding leaves, and leaves being written to the ledger, whose only safe anchor is the plan's outgoing root.</summary>
    public required int NeedOutgoing { get; init; }

    /// <summary>Outstanding leaves signed by the plan's outgoing authority.</summary>
    public required int SignedByOutgoing { get; init; }

    /// <summary>The plan's target may sign: its root is safe by the floor that is durable. Until then the outgoing authority signs in its place.</summary>
    public required bool TargetSigns { get; init; }

    /// <summary>The server's own serving certificate is under the plan's outgoing root still.</summary>
    public bool ServingNeedsOutgoing { get; init; }

    /// <summary>A member has refused something, which no later ACK of fresh bytes has healed.</summary>
    public required bool IsRefused { get; init; }

    /// <summary>The connected proxies that take leaves, by what the waves have done to them.</summary>
    public WaveFacts Waves { get; init; } = new(0, 0, 0, 0);

    /// <summary>
    /// A wave can be measured: proxies are connected, or there are none at all, and a server that has just started has given them the
    /// time to come back.
    /// </summary>
    public bool FleetIsPresent { get; init; } = true;

    /// <summary>A wave can be counted out: nobody, or few of the fleet, has lost its connection so lately that it may be back at once.</summary>
    public bool FleetIsSteady { get; init; } = true;

    /// <summary>Somebody has just left with its new leaf unanswered: it may come back, or have died of it.</summary>
    public bool AnswerIsAwaited { get; init; }

    /// <summary>Whoever the waves reached has been gone for longer than a reconnect takes, while others are there or nobody is left.</summary>
    public bool WaveIsDeserted { get; init; }

    /// <summary>Outstanding leaves, by root, whose only safe anchor it is; only roots in the bundle that are neither end of the plan.</summary>
    public ImmutableArray<(string RootId, int Needing)> ThirdRoots { get; init; } = [];

    /// <summary>Why the target authority cannot sign, or null.</summary>
    public string? SignerProblem { get; init; }
}
