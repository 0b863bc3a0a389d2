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
            Kind = Labels.Of(plan.Kind),
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
        Kind = Labels.Of(past.Kind),
        State = past.Preempted ? Api.RotationState.Preempted
            : past.Goal == RotationGoal.Forward ? Api.RotationState.Completed
            : Api.RotationState.RolledBack,
        FromAuthority = names.Authority(past.From),
        ToAuthority = names.Authority(past.To),
        Goal = Labels.Of(past.Goal),
        Phase = Api.Phase.Steady,
        Revision = state.Decisions,
        CreateTime = past.StartedAt.ToTimestamp(),
        FinishTime = past.EndedAt.ToTimestamp(),
    };

    /// <summary>A rotation as it would be.</summary>
    /// <param name="from">The authority it would leave.</param>
    /// <param name="to">The authority, or empty for one that is not made yet.</param>
    public Api.Rotation MapPlanned(TrustState state, RotationKind kind, string from, string to, RotationPolicy policy) => new()
    {
        Kind = Labels.Of(kind),
        State = Api.RotationState.Active,
        FromAuthority = names.Authority(from),
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
            told.Message = plan.HeldMessage;
            told.EarliestTime = null;
        }

        bool open = verdict.Open && !held;
        bool approval = open && refusal?.Code == "awaiting_approval";
        return new Api.Gate
        {
            Code = Labels.Of(verdict.Gate),
            Open = open,
            Refusal = approval ? null : told,
            NextStep = NextStep(reading.State, plan, verdict),
            AwaitingApproval = approval,
            AwaitingWebhook = open && refusal?.Code == "awaiting_webhook",
            Deadline = held || open ? null : Deadline(reading.State, plan, verdict).ToTimestamp(),
        };
    }

    private DateTimeOffset Deadline(TrustState state, RotationPlan plan, Verdict verdict)
    {
        DateTimeOffset shut = policies.ShutBy(state, plan, verdict);
        return RotationPlanner.Deadline(plan, verdict.Gate) is { } deadline && deadline < shut ? deadline : shut;
    }

    private static string NextStep(TrustState state, RotationPlan plan, Verdict verdict) => verdict.Move switch
    {
        MoveKind.AddTrust => $"add the root of '{plan.Target}' to the bundle",
        MoveKind.SetSigner when verdict.Wave > 0 && plan.WaveCount > 1 => $"issue from '{plan.Target}' for wave {verdict.Wave} of {plan.WaveCount}",
        MoveKind.SetSigner => $"issue every leaf from '{plan.Target}'",
        MoveKind.DropTrust when verdict.Subject != state.RootOf(plan.Outgoing).Id => $"drop the root of '{state.Authorities.First(authority => authority.RootId == verdict.Subject).Id}'{(verdict.Open ? ", which nothing needs," : "")} from the bundle",
        MoveKind.DropTrust => $"drop the root of '{plan.Outgoing}' from the bundle",
        _ => $"end the rotation: '{state.Signer}' alone is trusted",
    };

    private static Api.WaveProgress? Waves(DomainReading reading)
    {
        if (reading.Progress is not { } progress || reading.State.Plan is not { } plan)
        {
            return null;
        }

        // The way back has no waves: everyone gets a leaf of the old authority again.
        return plan.Goal == RotationGoal.Back
            ? reading.Phase is RotationPhase.Issuing or RotationPhase.Drained or RotationPhase.Removing
                ? new Api.WaveProgress { Index = 1, Count = 1, Assigned = progress.Takers, Proven = progress.Moved, Nacked = progress.Refusing, Total = progress.Takers }
                : null
            : new Api.WaveProgress
            {
                Index = plan.WavesBegun,
                Count = plan.WaveCount,
                Assigned = reading.WaveFacts.Reached,
                Proven = reading.WaveFacts.Moved,
                Nacked = reading.Waves.Where(wave => wave.Begun).Sum(wave => wave.Refusing),
                Total = reading.WaveFacts.Reached + reading.WaveFacts.Unreached,
                Silent = reading.WaveFacts.Silent,
                Parts = { reading.Waves.Select(Part) },
            };
    }

    private static Api.WavePart Part(WaveView wave) => new()
    {
        Index = wave.Index,
        Wave = wave.Extent is { } extent ? WaveMapper.Map(extent) : null,
        Begun = wave.Begun,
        Proxies = wave.Proxies,
        Proven = wave.Moved,
        Nacked = wave.Refusing,
        Silent = wave.Silent,
    };

    // Only waits are foreseeable; the answers of a healthy fleet take seconds.
    private static DateTimeOffset? Estimate(DomainReading reading, RotationPlan plan)
    {
        Verdict verdict = reading.Outlook!.Value.Verdict;
        bool alone = new[] { plan.Policy.TrustGate, plan.Policy.WaveGate, plan.Policy.DropGate }.All(gate => gate.Kind is GateKind.Ack or GateKind.Time);
        if (plan.Hold is not null || !alone || reading.Fleet is not { Absent: 0, Refusing: 0 } || verdict.OpensAt is not { } opens)
        {
            return null;
        }

        if (verdict.Move != MoveKind.SetSigner)
        {
            return opens;
        }

        int left = verdict.Wave == 0 ? 0 : reading.Waves.Count(wave => wave.Index > verdict.Wave && wave.Proxies > 0);
        TimeSpan first = verdict.Wave > 1 ? plan.Policy.WaveSoak : plan.Policy.CanarySoak;
        TimeSpan waves = left == 0 ? TimeSpan.Zero : PlanWaits.Before(plan.Policy, Core.Rotation.Gate.G2, first) + ((left - 1) * PlanWaits.Before(plan.Policy, Core.Rotation.Gate.G2, plan.Policy.WaveSoak));
        return opens + waves + PlanWaits.Before(plan.Policy, Core.Rotation.Gate.G3, RotationPlanner.DropWait(plan));
    }
}
