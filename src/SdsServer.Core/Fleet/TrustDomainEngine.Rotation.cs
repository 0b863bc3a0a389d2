using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Changes of the durable state: one at a time, each made from evidence, commands and the planner, in this order.</summary>
public sealed partial class TrustDomainEngine
{
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(2);

    private readonly List<EngineCommand> _commands = [];
    private readonly long _term;
    private TrustState? _saving;
    private (EngineCommand Command, string Message)? _savingFor;

    private void Rotate()
    {
        // A command that changes nothing is answered and the next one looked at; one change of state ends the round.
        while (_begun && _saving is null && _commands.Count > 0)
        {
            EngineCommand command = _commands.Find(waiting => waiting is TurnRotation { Goal: RotationGoal.Back }) ?? _commands[0];
            _commands.Remove(command);
            Execute(command);
        }

        if (!_begun || _saving is not null)
        {
            return;
        }

        TrustState next = WithEvidence(_state, out Decision? doubt);
        if (doubt is null && next.Plan is { Hold: null } plan && RotationPlanner.Next(next, Facts(plan), _clock.Reckoned) is { Open: true } verdict
            && (plan.Policy.Advance == AdvanceMode.Automatic || verdict.Move is MoveKind.Finish))
        {
            Save(Made(next, verdict), Log("engine", KindOf(verdict.Move), verdict.Subject, Describe(verdict), Why(verdict.Gate)) with { RotationId = plan.Id });
        }
        else if (next != _state)
        {
            Save(next, doubt);
        }
    }

    private void Save(TrustState next, Decision? entry)
    {
        _saving = next with { Revision = _state.Revision + 1, Term = _term, Floor = _floor, SeenAt = _clock.Reckoned };
        _effects.Add(new SaveState(_saving, entry is null ? null : entry with { Revision = next.Decisions }));
    }

    private void OnStateSaved(StateSaved saved)
    {
        TrustState old = _state;
        _state = saved.State;
        _saving = null;
        bool began = !_begun;
        _begun = true;
        if (_state.Epoch != old.Epoch || began)
        {
            _sharedProves |= _state.Epoch != old.Epoch;
            _shared = _seams.EncodeBundle(_state, _state.Salt);
            _epochSince = _now.Up;
            AttendConnected();
        }
        else if (_state.SignerRevision != old.SignerRevision || (old.Plan is null) != (_state.Plan is null))
        {
            AttendConnected();
        }

        if (_savingFor is ({ } command, { } message))
        {
            _savingFor = null;
            Answer(command, new CommandOutcome(CommandStatus.Done, message, _state) { Logged = true });
        }
    }

    private void AttendConnected()
    {
        foreach (Instance instance in _instances.Values.Where(instance => instance.Connected).ToList())
        {
            Attend(instance);
        }
    }

    /// <summary>What the fleet has shown since the last save; null in <paramref name="doubt"/> unless it holds the plan or lifts a hold.</summary>
    private TrustState WithEvidence(TrustState state, out Decision? doubt)
    {
        doubt = null;
        TrustState next = state.Floor == _floor ? state : state with { Floor = _floor };
        foreach (TrustRoot root in next.Roots)
        {
            // A time ahead of the clock was taken from a clock that was wrong: the wait begins anew.
            if ((root.SafeAt is null && next.IsSafe(root.Id, _floor)) || root.SafeAt > _clock.Reckoned)
            {
                next = next with { Roots = next.Roots.Replace(root, root with { SafeAt = _clock.Reckoned }) };
            }
        }

        if (next.Plan is not { } plan)
        {
            return next;
        }

        bool drained = next.Signer == plan.Target && Facts(plan).NeedOutgoing == 0;
        if (drained != plan.DrainedAt is not null || plan.DrainedAt > _clock.Reckoned)
        {
            plan = plan with { DrainedAt = drained ? _clock.Reckoned : null };
        }

        if (plan.StepSince > _clock.Reckoned)
        {
            plan = plan with { StepSince = _clock.Reckoned };
        }

        PlanHold? hold = JudgeHold(next, plan);
        if (hold != plan.Hold)
        {
            doubt = hold is null
                ? Log("engine", DecisionKind.UnholdRotation, "", "lift hold", $"healed: {plan.Hold!.Reason}")
                : Log("engine", DecisionKind.HoldRotation, "", "hold", hold.Reason);
            doubt = doubt with { RotationId = plan.Id };
            plan = plan with { Hold = hold };
        }

        bool stale = _clock.Reckoned - next.SeenAt > SeenEvery;
        return plan == next.Plan && !stale ? next : next with { Plan = plan, SeenAt = _clock.Reckoned };
    }

    private PlanHold? JudgeHold(TrustState state, RotationPlan plan)
    {
        Instance? refusing = plan.Goal == RotationGoal.Forward ? _refusing.FirstOrDefault(instance => !instance.Excused) : null;
        if (plan.Hold is { Cause: HoldCause.Nack } && refusing is null)
        {
            return null;
        }

        if (plan.Hold is not null)
        {
            return plan.Hold;
        }

        if (_violation is { } violation)
        {
            return new PlanHold(HoldCause.Invariant, violation, _now.Utc);
        }

        if (_clock.InDoubt)
        {
            return new PlanHold(HoldCause.Clock, "the wall clock jumped: whoever is left out because a leaf has expired rests on it", _now.Utc);
        }

        if (refusing is not null)
        {
            return new PlanHold(HoldCause.Nack, $"{refusing.Key.SpiffeId} ({refusing.Key.NodeId}) refused {refusing.LastNack?.Secret}: {refusing.LastNack?.Error}", _now.Utc);
        }

        TimeSpan deadline = plan.Policy.GateDeadline ?? _policy.MaxLeafLifetime * 2;
        return _clock.Reckoned > plan.StepSince + deadline
            ? new PlanHold(HoldCause.Deadline, $"the gate of phase {Phases.Of(state, Facts(plan).NeedOutgoing)} has been shut for {deadline}", _now.Utc)
            : null;
    }

    private FleetFacts Facts(RotationPlan plan) => new()
    {
        Floor = _floor,
        NeedOutgoing = _needs.Needing(_state.RootOf(plan.Outgoing).Id, root => root != _state.RootOf(plan.Outgoing).Id && _state.IsSafe(root, _floor)),
        SignedByOutgoing = _needs.SignedBy(plan.Outgoing),
        UnresolvedNacks = _refusing.Count,
        SignerProblem = _signerProblem is { } problem && problem.Authority == plan.Target && _now.Up < problem.Until ? problem.Text : null,
    };

    private TrustState Made(TrustState state, Verdict verdict) => verdict.Move switch
    {
        MoveKind.AddTrust => Moves.AddTrust(state, verdict.Subject, _seams.RandomHex(16), _clock.Reckoned),
        MoveKind.SetSigner => Moves.SetSigner(state, verdict.Subject, _clock.Reckoned),
        MoveKind.DropTrust => Moves.DropTrust(state, verdict.Subject, _seams.RandomHex(16), _clock.Reckoned),
        _ => Moves.Finish(state, _clock.Reckoned),
    };

    private static DecisionKind KindOf(MoveKind move) => move switch
    {
        MoveKind.AddTrust => DecisionKind.AddTrust,
        MoveKind.SetSigner => DecisionKind.SetSigner,
        MoveKind.DropTrust => DecisionKind.DropTrust,
        _ => DecisionKind.FinishRotation,
    };

    private static string Describe(Verdict verdict) => verdict.Move switch
    {
        MoveKind.AddTrust => $"add trust in root {verdict.Subject}",
        MoveKind.SetSigner => $"set signer {verdict.Subject}",
        MoveKind.DropTrust => $"drop trust in root {verdict.Subject}",
        _ => "finish rotation",
    };

    private static string Why(Gate gate) => gate switch
    {
        Gate.G0 => "the root is fit",
        Gate.G1 => "every member enforces the root",
        Gate.G3 => "no outstanding leaf needs the root",
        _ => "no member may still enforce the dropped root",
    };

    private Decision Log(string actor, DecisionKind kind, string subject, string action, string reason) => new()
    {
        At = _now.Utc,
        Actor = actor,
        Kind = kind,
        Subject = subject,
        Action = action,
        Reason = reason,
        Evidence = Evidence(),
    };

    private TimeSpan? PlanWake()
    {
        if (!_begun || _saving is not null || _state.Plan is not { Hold: null } plan)
        {
            return null;
        }

        DateTimeOffset wake = plan.StepSince + (plan.Policy.GateDeadline ?? _policy.MaxLeafLifetime * 2);
        if (RotationPlanner.Next(_state, Facts(plan), _clock.Reckoned).OpensAt is { } opens && opens < wake)
        {
            wake = opens;
        }

        if (_signerProblem is { } problem && problem.Authority == plan.Target && problem.Until > _now.Up)
        {
            wake = wake < _clock.Reckoned + (problem.Until - _now.Up) ? wake : _clock.Reckoned + (problem.Until - _now.Up);
        }

        TimeSpan soon = _now.Up + (wake - _clock.Reckoned) + TimeSpan.FromMilliseconds(1);
        return Earlier(soon, _now.Up + SeenEvery);
    }
}
