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

        if (state.Signer != plan.Target)
        {
            return Gated(MoveKind.SetSigner, plan.Target, Gate.G1, SignerEvidence(state, plan, fleet), TrustSoakEnd(state, plan), now);
        }

        if (outgoing != target && state.Trusts(outgoing))
        {
            return Gated(MoveKind.DropTrust, outgoing, Gate.G3, fleet.NeedOutgoing == 0, DropSoakEnd(state, plan), now);
        }

        return Gated(MoveKind.Finish, "", Gate.G4, IsGone(state, plan, fleet), null, now);
    }

    /// <summary>When the trust soak ends; null when the floor has not reached the root yet.</summary>
    public static DateTimeOffset? TrustSoakEnd(TrustState state, RotationPlan plan) =>
        state.RootOf(plan.Target).SafeAt is { } safeAt ? safeAt + plan.Policy.TrustSoak : null;

    /// <summary>When the drop soak ends; null while leaves need the root. A root under which this plan never signed needs none.</summary>
    public static DateTimeOffset? DropSoakEnd(TrustState state, RotationPlan plan)
    {
        if (state.SignerRevision == plan.SignerRevisionAtStart)
        {
            return DateTimeOffset.MinValue;
        }

        return plan.DrainedAt is { } drainedAt ? drainedAt + plan.Policy.DropSoak : null;
    }

    /// <summary>G4: the floor has passed the epoch that dropped the outgoing root.</summary>
    private static bool IsGone(TrustState state, RotationPlan plan, FleetFacts fleet) =>
        plan.Outgoing is var outgoing && state.RootOf(outgoing).DroppedAt is { } droppedAt
            ? fleet.Floor >= droppedAt
            : fleet.SignedByOutgoing == 0;

    // A NACK keeps a forward step shut, but never the way back: that is what heals a fleet which refuses the new leaves.
    private static bool SignerEvidence(TrustState state, RotationPlan plan, FleetFacts fleet) =>
        state.IsSafe(state.Authority(plan.Target).RootId, fleet.Floor)
        && (plan.Goal == RotationGoal.Back || fleet.UnresolvedNacks == 0)
        && fleet.SignerProblem is null;

    private static Verdict Gated(MoveKind move, string subject, Gate gate, bool evidence, DateTimeOffset? soakEnd, DateTimeOffset now)
    {
        if (gate == Gate.G4)
        {
            return new Verdict(move, subject, gate, evidence, null);
        }

        bool open = evidence && soakEnd is { } end && now >= end;
        return new Verdict(move, subject, gate, open, open || !evidence ? null : soakEnd);
    }
}
