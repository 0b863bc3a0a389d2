namespace SdsServer.Core.Rotation;

/// <summary>A change of authority under way; at most one per trust domain. Part of the durable <see cref="TrustState"/>.</summary>
public sealed record RotationPlan
{
    /// <summary>Resource id of the rotation, lower-case letters, digits and dashes.</summary>
    public required string Id { get; init; }

    /// <summary>The caller's idempotency key: a second start with the same key returns this plan.</summary>
    public required string RequestId { get; init; }

    public required RotationKind Kind { get; init; }

    /// <summary>The authority that signed when the plan began.</summary>
    public required string From { get; init; }

    /// <summary>The authority that shall sign.</summary>
    public required string To { get; init; }

    public RotationGoal Goal { get; init; }

    public required RotationPolicy Policy { get; init; }

    public PlanHold? Hold { get; init; }

    /// <summary>That it is held, by what, and what an operator can do; only while it is held.</summary>
    public string HeldMessage => $"the rotation is held: {Hold!.Reason}" + (Kind, Hold.Cause) switch
    {
        // Its reason says what to do: it can neither be unheld nor rolled back.
        (RotationKind.Emergency, HoldCause.Deadline) => "",
        (_, HoldCause.Webhook) => $". Unhold it to ask the webhook again, pass over its no by the name '{Blocker.WebhookName}', or roll it back",
        (RotationKind.Emergency, _) => ". See to the cause, then unhold it",
        _ => ". See to the cause, then unhold it, or roll it back",
    };

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The <see cref="TrustState.SignerRevision"/> at the start: while it stands, no leaf of this plan's new authority exists.</summary>
    public required long SignerRevisionAtStart { get; init; }

    /// <summary>When the last move or turn was made: deadlines count from here.</summary>
    public required DateTimeOffset StepSince { get; init; }

    /// <summary>Since when nothing needs the outgoing root any more, null while something does: the drop soak counts from here.</summary>
    public DateTimeOffset? DrainedAt { get; init; }

    /// <summary>Waves begun on the way forward; 0 before the first and on the way back.</summary>
    public int WavesBegun { get; init; }

    /// <summary>The first wave that reached anybody; 0 before it. Its soak is the canary's.</summary>
    public int CanaryWave { get; init; }

    /// <summary>Proxies whose place (<see cref="WaveAssignment.PlaceOf"/>) is below this have been reached by waves of numbers or shares.</summary>
    public ulong ReachedBelow { get; init; }

    /// <summary>Since when every connected proxy of the waves begun uses its new leaf; null while one does not: the wave soak counts from here.</summary>
    public DateTimeOffset? WaveProvenAt { get; init; }

    /// <summary>Since when no member may still enforce a dropped root; null before: an emergency's wait for connections counts from here.</summary>
    public DateTimeOffset? GoneAt { get; init; }

    /// <summary>Who started it; in an emergency with forced deadlines this name stands for what they break.</summary>
    public required string StartedBy { get; init; }

    /// <summary>How many waves there are, the one of whoever is left included.</summary>
    public int WaveCount => WaveAssignment.Count(Policy.Waves);

    /// <summary>The authority the goal leads to.</summary>
    public string Target => Goal == RotationGoal.Forward ? To : From;

    /// <summary>The authority the goal leads away from.</summary>
    public string Outgoing => Goal == RotationGoal.Forward ? From : To;
}
