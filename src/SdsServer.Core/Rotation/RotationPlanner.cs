namespace SdsServer.Core.Rotation;

/// <summary>
/// Decides the next move of a plan. Forward and back are one procedure: the goal says which authority is the target. Pure.
/// </summary>
public static class RotationPlanner
{
    /// <summary>The next move of the plan in this state, which must have one.</summary>
    public static Verdict Next(TrustState state, FleetFacts fleet, DateTimeOffset now)
    {
        RotationPlan plan = state.Plan ?? throw new InvalidOperationException("there is no plan");
        string target = state.Authority(plan.Target).RootId;
        string outgoing = state.Authority(plan.Outgoing).RootId;
        if (!state.Trusts(target))
        {
            return new Verdict(MoveKind.AddTrust, target, Gate.G0, Open: true, OpensAt: null);
        }

        if (plan.Goal == RotationGoal.Back && (plan.WavesBegun > 0 || state.Signer != plan.Target))
        {
            return Gated(MoveKind.SetSigner, plan.Target, Gate.G1, SignerEvidence(state, plan, fleet), TrustSoakEnd(state, plan), plan, now);
        }

        if (state.Signer != plan.Target)
        {
            return plan.WavesBegun > 0 ? NextWave(plan, fleet, now) : Gated(
                MoveKind.SetSigner, plan.Target, Gate.G1, SignerEvidence(state, plan, fleet) && CanMeasure(plan, fleet, wave: 1), TrustSoakEnd(state, plan), plan, now) with { Wave = 1 };
        }

        if (outgoing != target && state.Trusts(outgoing))
        {
            return Gated(MoveKind.DropTrust, outgoing, Gate.G3, !fleet.ServingNeedsOutgoing && fleet is { NeedOutgoing: 0, TargetSigns: true, SignerProblem: null } && IsShown(plan, fleet), DropSoakEnd(state, plan), plan, now);
        }

        if (!fleet.ThirdRoots.IsEmpty)
        {
            // A stolen one goes by the emergency's deadline like the outgoing one (rule E10); for the sake of any other one no working leaf is broken.
            (string third, int needing) = fleet.ThirdRoots.MinBy(static root => root.Needing);
            Verdict drop = Gated(MoveKind.DropTrust, third, Gate.G3, needing == 0, DateTimeOffset.MinValue, plan, now);
            return state.IsTainted(third) ? drop : drop with { Overdue = false };
        }

        return Gated(MoveKind.Finish, "", Gate.G4, IsGone(state, plan, fleet), ConnectionsEnd(plan), plan, now);
    }

    /// <summary>When the trust soak ends; null when the floor has not reached the root yet.</summary>
    public static DateTimeOffset? TrustSoakEnd(TrustState state, RotationPlan plan)
    {
        // The way back signs under a root that the fleet has never stopped to trust, unless it had been dropped; an emergency waits for nobody's comfort.
        TimeSpan soak = plan.Kind == RotationKind.Planned ? plan.Policy.TrustSoak : TimeSpan.Zero;
        DateTimeOffset? end = state.RootOf(plan.Target).SafeAt + soak;
        return plan.Goal == RotationGoal.Forward && plan.Policy.SignNotBefore is { } notBefore && end < notBefore ? notBefore : end;
    }

    /// <summary>When the drop soak ends; null while leaves need the root. A root under which this plan never signed needs none.</summary>
    public static DateTimeOffset? DropSoakEnd(TrustState state, RotationPlan plan)
    {
        if (state.SignerRevision == plan.SignerRevisionAtStart)
        {
            return DateTimeOffset.MinValue;
        }

        return plan.DrainedAt + DropWait(plan);
    }

    /// <summary>How long a root that nothing needs any more stays.</summary>
    public static TimeSpan DropWait(RotationPlan plan) =>
        plan.Kind == RotationKind.Emergency ? TimeSpan.Zero
        : plan.Policy.DropSoak > plan.Policy.MaxConnectionAge ? plan.Policy.DropSoak
        : plan.Policy.MaxConnectionAge;

    /// <summary>How long a wave that is proven is watched before the next.</summary>
    public static TimeSpan WaveWait(RotationPlan plan) => plan.WavesBegun == plan.CanaryWave ? plan.Policy.CanarySoak : plan.Policy.WaveSoak;

    /// <summary>
    /// G4: the floor has passed the epoch of every drop, of a third root's too; where the outgoing root stays, no leaf of the outgoing authority
    /// is left, and the target signs.
    /// </summary>
    public static bool IsGone(TrustState state, RotationPlan plan, FleetFacts fleet) =>
        fleet.Floor >= state.LastDrop && (state.RootOf(plan.Outgoing).Id != state.RootOf(plan.Target).Id || fleet is { SignedByOutgoing: 0, SignerProblem: null });

    /// <summary>Everyone connected in the waves begun uses the new leaf, and nobody refuses anything.</summary>
    public static bool IsWaveProven(RotationPlan plan, FleetFacts fleet) =>
        fleet.Waves is { Pending: 0, Moved: > 0 } && IsHealthy(plan, fleet) && fleet is { FleetIsPresent: true, AnswerIsAwaited: false };

    /// <summary>Where Envoy's own word is the evidence, the last wave's is asked for before the old root goes; newcomers have no part in that.</summary>
    public static bool IsShown(RotationPlan plan, FleetFacts fleet) =>
        plan.Policy.Evidence == LeafEvidence.Ack || plan.Goal == RotationGoal.Back || plan.Kind == RotationKind.Emergency
        || (fleet.FleetIsPresent && fleet.Waves.WithoutJoining().Pending == 0);

    // With everybody away, a wave of one proxy would be a wave of nobody, and the whole fleet the next; with many away for a moment, a wave of whoever comes back.
    private static bool CanMeasure(RotationPlan plan, FleetFacts fleet, int wave) => (fleet.FleetIsPresent && fleet.FleetIsSteady) || wave >= plan.WaveCount;

    private static Verdict NextWave(RotationPlan plan, FleetFacts fleet, DateTimeOffset now)
    {
        if (fleet.Waves.Reached == 0)
        {
            // Somebody else takes the place, or the last wave takes whoever will come.
            return new Verdict(MoveKind.SetSigner, plan.Target, Gate.G2, Open: fleet.WaveIsDeserted && IsHealthy(plan, fleet) && CanMeasure(plan, fleet, plan.WavesBegun), OpensAt: null) { Wave = plan.WavesBegun };
        }

        return Gated(MoveKind.SetSigner, plan.Target, Gate.G2, IsWaveProven(plan, fleet) && CanMeasure(plan, fleet, plan.WavesBegun + 1), plan.WaveProvenAt + WaveWait(plan), plan, now) with
        {
            Wave = plan.WavesBegun + 1,
        };
    }

    private static DateTimeOffset? ConnectionsEnd(RotationPlan plan) =>
        plan.Kind == RotationKind.Emergency ? plan.GoneAt + plan.Policy.MaxConnectionAge : DateTimeOffset.MinValue;

    private static bool SignerEvidence(TrustState state, RotationPlan plan, FleetFacts fleet) =>
        state.IsSafe(state.Authority(plan.Target).RootId, fleet.Floor) && IsHealthy(plan, fleet);

    // A NACK keeps a forward step shut, but never the way back, which heals a fleet that refuses the new leaves, nor the way out of an emergency.
    private static bool IsHealthy(RotationPlan plan, FleetFacts fleet) =>
        (plan.Goal == RotationGoal.Back || plan.Kind == RotationKind.Emergency || !fleet.IsRefused) && fleet.SignerProblem is null;

    private static Verdict Gated(MoveKind move, string subject, Gate gate, bool evidence, DateTimeOffset? waitEnd, RotationPlan plan, DateTimeOffset now)
    {
        GatePolicy policy = plan.Policy.At(gate);
        if (policy.Kind == GateKind.Time && plan.Goal == RotationGoal.Forward)
        {
            // A leaf that needs the root is more than evidence: without it somebody is refused for certain (rule I5).
            bool allowed = gate != Gate.G3 || evidence;
            DateTimeOffset time = plan.StepSince + policy.After;
            if (gate == Gate.G1 && plan.Policy.SignNotBefore is { } notBefore && time < notBefore)
            {
                time = notBefore;
            }

            return new Verdict(move, subject, gate, allowed && now >= time, allowed && now < time ? time : null) { WaitEnd = allowed ? time : null };
        }

        bool open = evidence && waitEnd is { } end && now >= end;
        return new Verdict(move, subject, gate, open, open || !evidence ? null : waitEnd)
        {
            WaitEnd = evidence ? waitEnd : null,
            Overdue = !open && plan.Kind == RotationKind.Emergency && Deadline(plan, gate) is { } deadline && now >= deadline,
        };
    }

    /// <summary>Since when a gate that is shut is late by: what the plan was told to wait for does not count.</summary>
    /// <param name="graceEnd">How long the drop waits for proxies that do not know the root of the server's own certificate; null: it waits for none.</param>
    public static DateTimeOffset ShutSince(RotationPlan plan, Verdict verdict, DateTimeOffset? graceEnd)
    {
        DateTimeOffset? told = verdict.Gate == Gate.G3 ? graceEnd : plan.WavesBegun == 0 ? plan.Policy.SignNotBefore : null;
        return new[] { told, verdict.WaitEnd, plan.StepSince }.Max()!.Value;
    }

    /// <summary>When an emergency's gate is passed over, or holds the plan; null for every other gate.</summary>
    public static DateTimeOffset? Deadline(RotationPlan plan, Gate gate) => plan.Kind != RotationKind.Emergency ? null : gate switch
    {
        Gate.G1 or Gate.G2 => plan.StartedAt + plan.Policy.SignDeadline,
        Gate.G3 => plan.StartedAt + plan.Policy.DropDeadline,
        _ => null,
    };
}
