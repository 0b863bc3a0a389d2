using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Operators' orders. Each is checked against the state it finds; what is refused changes nothing.</summary>
public sealed partial class TrustDomainEngine
{
    private void Execute(EngineCommand command)
    {
        bool repeated = command is StartRotation start
            && (_state.Plan?.RequestId == start.RequestId || _state.Past.Any(past => past.RequestId == start.RequestId));
        if (!repeated && command.ExpectedDecisions is { } expected && expected != _state.Decisions)
        {
            Answer(command, CommandStatus.Aborted, $"the trust domain is at revision {_state.Decisions}, not {expected}: look at it again, then repeat the command");
            return;
        }

        switch (command)
        {
            case StartRotation order: Start(order); break;
            case TurnRotation order: Turn(order); break;
            case HoldRotation order: Hold(order); break;
            case UnholdRotation order: Unhold(order); break;
            case AdvanceRotation order: Advance(order); break;
            case RetireInstance order: Retire(order); break;
            case RepushInstance order: Repush(order); break;
            case AddAuthority order: Add(order); break;
            case RemoveAuthority order: Remove(order); break;
            default: throw new ArgumentException($"unknown command {command.GetType().Name}", nameof(command));
        }
    }

    private void Start(StartRotation order)
    {
        if (_state.Past.FirstOrDefault(past => past.RequestId == order.RequestId) is { } over)
        {
            Answer(order, CommandStatus.Done, $"rotation '{over.Id}' was started by this request before, and has ended");
            return;
        }

        if (_state.Plan is { } running)
        {
            if (running.RequestId == order.RequestId)
            {
                Answer(order, CommandStatus.Done, $"rotation '{running.Id}' was started by this request before");
            }
            else
            {
                Answer(order, CommandStatus.Refused, $"rotation '{running.Id}' is under way: let it finish, or roll it back", Refuse("rotation_under_way", Gate.G0, []));
            }

            return;
        }

        if (_state.Authorities.FirstOrDefault(authority => authority.Id == order.To) is not { } target)
        {
            Answer(order, CommandStatus.NotFound, $"there is no authority '{order.To}'");
            return;
        }

        if (target.Id == _state.Signer)
        {
            Answer(order, CommandStatus.Invalid, $"authority '{order.To}' signs already");
            return;
        }

        if (Unfit(target) is { } unfit)
        {
            Answer(order, CommandStatus.Refused, unfit.Message, unfit);
            return;
        }

        if (order.ValidateOnly)
        {
            Answer(order, CommandStatus.Done, "the rotation can start");
            return;
        }

        TrustState next = WithEvidence(_state, out _) with
        {
            Decisions = _state.Decisions + 1,
            Plan = new RotationPlan
            {
                Id = order.RotationId,
                RequestId = order.RequestId,
                Kind = order.Kind,
                From = _state.Signer,
                To = order.To,
                Policy = order.Policy,
                StartedAt = _clock.Reckoned,
                StepSince = _clock.Reckoned,
                SignerRevisionAtStart = _state.SignerRevision,
            },
        };
        Commit(order, WithTargetTrusted(next), DecisionKind.StartRotation, "", $"start rotation {order.RotationId} to {order.To}", $"rotation '{order.RotationId}' started");
    }

    private void Turn(TurnRotation order)
    {
        if (Planned(order) is not { } plan)
        {
            return;
        }

        if (plan.Goal == order.Goal && plan.Hold is null)
        {
            Answer(order, CommandStatus.Done, $"rotation '{plan.Id}' goes {Direction(order.Goal)} already");
            return;
        }

        TrustState next = WithEvidence(_state, out _);
        next = next with
        {
            Decisions = next.Decisions + 1,
            Plan = next.Plan! with { Goal = order.Goal, Hold = null, StepSince = _clock.Reckoned, DrainedAt = null },
        };
        if (!next.Trusts(next.RootOf(next.Plan.Target).Id) && Unfit(next.Authority(next.Plan.Target)) is { } unfit)
        {
            Answer(order, CommandStatus.Refused, unfit.Message, unfit);
            return;
        }

        DecisionKind kind = order.Goal == RotationGoal.Forward ? DecisionKind.ResumeForward : DecisionKind.RollbackRotation;
        Commit(order, WithTargetTrusted(next), kind, "", $"turn rotation {plan.Id} {Direction(order.Goal)}", $"rotation '{plan.Id}' goes {Direction(order.Goal)} now");
    }

    private TrustState WithTargetTrusted(TrustState state)
    {
        string root = state.RootOf(state.Plan!.Target).Id;
        return state.Trusts(root) ? state : Moves.AddTrust(state, root, _seams.RandomHex(16), _clock.Reckoned);
    }

    private void Hold(HoldRotation order)
    {
        if (Planned(order) is not { } plan)
        {
            return;
        }

        PlanHold hold = new(HoldCause.Operator, order.Reason.Length == 0 ? $"held by {order.Actor}" : order.Reason, _now.Utc);
        Commit(order, With(plan with { Hold = hold }), DecisionKind.HoldRotation, "", $"hold rotation {plan.Id}", $"rotation '{plan.Id}' is held");
    }

    private void Unhold(UnholdRotation order)
    {
        if (Planned(order) is not { } plan)
        {
            return;
        }

        if (plan.Hold is null)
        {
            Answer(order, CommandStatus.Done, $"rotation '{plan.Id}' is not held");
            return;
        }

        if (order.Cause is { } seen && seen != plan.Hold.Cause)
        {
            Answer(order, CommandStatus.Aborted, $"rotation '{plan.Id}' is held for another reason now: {plan.Hold.Reason}");
            return;
        }

        if (plan.Hold.Cause == HoldCause.Clock)
        {
            _clock.Accept(_now);
        }

        if (plan.Hold.Cause == HoldCause.Nack)
        {
            foreach (Instance refusing in _refusing)
            {
                refusing.Excused = true;
            }
        }

        _violation = null;
        TrustState next = With(plan with { Hold = null, StepSince = _clock.Reckoned });
        Commit(order, next, DecisionKind.UnholdRotation, "", $"unhold rotation {plan.Id}, held by {plan.Hold.Cause}: {plan.Hold.Reason}", $"rotation '{plan.Id}' goes on");
    }

    private void Advance(AdvanceRotation order)
    {
        if (Planned(order) is not { } plan)
        {
            return;
        }

        TrustState next = WithEvidence(_state, out _);
        Verdict verdict = RotationPlanner.Next(next, Facts(plan), _clock.Reckoned);
        if (order.Gate is { } seen && seen != verdict.Gate)
        {
            Answer(order, CommandStatus.Aborted, $"the next gate is {verdict.Gate}, not {seen}: look at the rotation again");
        }
        else if (next.Plan!.Hold is { } hold)
        {
            Answer(order, CommandStatus.Refused, $"the rotation is held: {hold.Reason}", Refuse("held", verdict.Gate, Blockers(next, verdict)));
        }
        else if (!verdict.Open)
        {
            Refusal refusal = Explain(next, verdict);
            Answer(order, CommandStatus.Refused, refusal.Message, refusal);
        }
        else
        {
            Commit(order, Made(next, verdict), KindOf(verdict.Move), verdict.Subject, Describe(verdict), $"done: {Describe(verdict)}");
        }
    }

    private void Retire(RetireInstance order)
    {
        if (!_instances.TryGetValue(order.InstanceId, out Instance? instance))
        {
            Answer(order, CommandStatus.NotFound, $"there is no instance '{order.InstanceId}'");
            return;
        }

        if (instance.Connected)
        {
            Answer(order, CommandStatus.Refused, $"instance '{order.InstanceId}' is connected: stop the process first", Refuse("connected", Gate.G4, []));
            return;
        }

        End(instance);
        Commit(
            order,
            WithEvidence(_state, out _),
            DecisionKind.RetireInstance,
            order.InstanceId,
            $"retire instance {order.InstanceId} of {instance.Key.SpiffeId}",
            $"instance '{order.InstanceId}' counts no more");
    }

    private void Repush(RepushInstance order)
    {
        if (!_instances.TryGetValue(order.InstanceId, out Instance? instance))
        {
            Answer(order, CommandStatus.NotFound, $"there is no instance '{order.InstanceId}'");
            return;
        }

        foreach (Subscription subscription in instance.Bundles.Live)
        {
            subscription.Repush = true;
        }

        instance.WantsLeaf = instance.Leaves.Live.Count > 0;
        Attend(instance);
        Answer(order, CommandStatus.Done, $"{instance.Bundles.Live.Count + instance.Leaves.Live.Count} secrets go out as fresh bytes");
    }

    private RotationPlan? Planned(EngineCommand order)
    {
        if (_state.Plan is null)
        {
            Answer(order, CommandStatus.NotFound, "no rotation is under way");
        }

        return _state.Plan;
    }

    private TrustState With(RotationPlan plan) => WithEvidence(_state, out _) with { Decisions = _state.Decisions + 1, Plan = plan };

    private void Commit(EngineCommand order, TrustState next, DecisionKind kind, string subject, string action, string message)
    {
        _savingFor = (order, message);
        string rotation = kind is DecisionKind.CreateAuthority or DecisionKind.DeleteAuthority or DecisionKind.RetireInstance ? "" : (next.Plan ?? _state.Plan)?.Id ?? "";
        Save(next, Log(order.Actor, kind, subject, action, order.Reason) with { RotationId = rotation });
    }

    private void Answer(EngineCommand order, CommandStatus status, string message, Refusal? refusal = null) =>
        Answer(order, new CommandOutcome(status, message, _state, refusal));

    private void Answer(EngineCommand order, CommandOutcome outcome) => _effects.Add(new CommandDone(order.Id, outcome));

    private static string Direction(RotationGoal goal) => goal == RotationGoal.Forward ? "forward" : "back";
}
