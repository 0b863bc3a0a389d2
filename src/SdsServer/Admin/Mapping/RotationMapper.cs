using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Log;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A rotation as the API shows it: under way, over, or not begun.</summary>
internal sealed class RotationMapper(ResourceNames names, PolicyMapper policies, RefusalMapper refusals)
{
    /// <summary>The rotation that is under way; the reading must have one.</summary>
    public Api.Rotation MapActive(DomainReading reading)
    {
        RotationPlan plan = reading.State.Plan!;
        return new Api.Rotation
        {
            Name = names.Rotation(plan.Id),
            Kind = Api.RotationKind.Planned,
            State = Api.RotationState.Active,
            FromAuthority = names.Authority(plan.From),
            ToAuthority = names.Authority(plan.To),
            Goal = Labels.Of(plan.Goal),
            Phase = Labels.Of(reading.Phase),
            Waves = Waves(reading),
            Held = plan.Hold is not null,
            HoldReason = plan.Hold?.Reason ?? "",
            HoldCause = plan.Hold is { } hold ? Labels.Of(hold.Cause) : Api.HoldCause.Unspecified,
            Policy = policies.Map(plan.Policy),
            Gate = Gate(reading, plan),
            Revision = reading.State.Decisions,
            CreateTime = plan.StartedAt.ToTimestamp(),
            EstimatedFinishTime = Estimate(reading, plan)?.ToTimestamp(),
        };
    }

    /// <summary>A rotation that has ended.</summary>
    public Api.Rotation MapPast(TrustState state, PastRotation past) => new()
    {
        Name = names.Rotation(past.Id),
        Kind = Api.RotationKind.Planned,
        State = past.Goal == RotationGoal.Forward ? Api.RotationState.Completed : Api.RotationState.RolledBack,
        FromAuthority = names.Authority(past.From),
        ToAuthority = names.Authority(past.To),
        Goal = Labels.Of(past.Goal),
        Phase = Api.Phase.Steady,
        Revision = state.Decisions,
        CreateTime = past.StartedAt.ToTimestamp(),
        FinishTime = past.EndedAt.ToTimestamp(),
    };

    /// <summary>A rotation as it would be.</summary>
    /// <param name="to">The authority, or empty for one that is not made yet.</param>
    public Api.Rotation MapPlanned(TrustState state, string to, RotationPolicy policy) => new()
    {
        Kind = Api.RotationKind.Planned,
        State = Api.RotationState.Active,
        FromAuthority = names.Authority(state.Signer),
        ToAuthority = to.Length > 0 ? names.Authority(to) : "",
        Goal = Api.Goal.Forward,
        Phase = Api.Phase.Distributing,
        Policy = policies.Map(policy),
        Revision = state.Decisions,
    };

    /// <summary>Adds what the log knows.</summary>
    public static void AddLog(Api.Rotation rotation, string from, string to, IEnumerable<LoggedDecision> decisions, IEnumerable<LoggedDecision> turningPoints, DateTimeOffset? drainedAt)
    {
        rotation.Decisions.AddRange(decisions.Select(AuditMapper.MapDecision));
        rotation.Steps.AddRange(RotationSteps.Of(from, to, turningPoints));
        if (drainedAt is { } drained && rotation.Phase == Api.Phase.Drained && rotation.Steps.LastOrDefault()?.Phase == Api.Phase.Issuing)
        {
            rotation.Steps.Add(new Api.StepTime { Phase = Api.Phase.Drained, Goal = rotation.Goal, Time = drained.ToTimestamp() });
        }
    }

    private Api.Gate Gate(DomainReading reading, RotationPlan plan)
    {
        (Verdict verdict, Refusal? refusal) = reading.Outlook!.Value;
        bool held = plan.Hold is not null;
        Api.Refusal? told = refusal is null ? null : refusals.Map(refusal, counts: reading.BlockerCounts);
        if (held)
        {
            told ??= new Api.Refusal { Gate = Labels.Of(verdict.Gate) };
            told.Code = Api.RefusalCode.Held;
            told.Message = $"the rotation is held: {plan.Hold!.Reason}. See to the cause, then unhold it, or roll it back";
            told.EarliestTime = null;
        }

        return new Api.Gate
        {
            Code = Labels.Of(verdict.Gate),
            Open = verdict.Open && !held,
            Refusal = told,
            NextStep = NextStep(reading.State, plan, verdict),
            AwaitingApproval = verdict.Open && !held && plan.Policy.Advance == AdvanceMode.Manual && verdict.Move != MoveKind.Finish,
            Deadline = held ? null : (plan.StepSince + policies.Deadline(plan.Policy)).ToTimestamp(),
        };
    }

    private static string NextStep(TrustState state, RotationPlan plan, Verdict verdict) => verdict.Move switch
    {
        MoveKind.AddTrust => $"add the root of '{plan.Target}' to the bundle",
        MoveKind.SetSigner => $"issue every leaf from '{plan.Target}'",
        MoveKind.DropTrust => $"drop the root of '{plan.Outgoing}' from the bundle",
        _ => $"end the rotation: '{state.Signer}' alone is trusted",
    };

    // One wave, the whole fleet.
    private static Api.WaveProgress? Waves(DomainReading reading)
    {
        if (reading.Progress is not { } progress || reading.Phase is RotationPhase.Steady or RotationPhase.Distributing)
        {
            return null;
        }

        return new Api.WaveProgress
        {
            Index = 1,
            Count = 1,
            Assigned = progress.Takers,
            Proven = progress.Moved,
            Nacked = progress.Refusing,
            Total = progress.Takers,
        };
    }

    // Only a running soak is foreseeable; the answers of a healthy fleet take seconds.
    private static DateTimeOffset? Estimate(DomainReading reading, RotationPlan plan)
    {
        Verdict verdict = reading.Outlook!.Value.Verdict;
        bool smooth = plan.Hold is null && plan.Policy.Advance == AdvanceMode.Automatic && reading.Fleet is { Absent: 0, Refusing: 0 };
        return !smooth || verdict.OpensAt is not { } opens ? null
            : verdict.Move == MoveKind.SetSigner ? opens + plan.Policy.DropSoak
            : opens;
    }
}
