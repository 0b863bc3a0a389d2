namespace SdsServer.Core.Rotation;

/// <summary>Computes the label of a state.</summary>
public static class Phases
{
    /// <param name="needOutgoing">Outstanding leaves that need the plan's outgoing root.</param>
    public static RotationPhase Of(TrustState state, int needOutgoing)
    {
        if (state.Plan is not { } plan)
        {
            return RotationPhase.Steady;
        }

        string target = state.Authority(plan.Target).RootId;
        string outgoing = state.Authority(plan.Outgoing).RootId;
        if (!state.Trusts(target))
        {
            return RotationPhase.Distributing;
        }

        if (state.Signer != plan.Target)
        {
            return plan.WavesBegun > 0 && plan.Goal == RotationGoal.Forward ? RotationPhase.Issuing : RotationPhase.Distributing;
        }

        if (!state.Trusts(outgoing))
        {
            return RotationPhase.Removing;
        }

        return needOutgoing > 0 || (plan.WavesBegun > 0 && plan.Goal == RotationGoal.Back) ? RotationPhase.Issuing : RotationPhase.Drained;
    }
}
