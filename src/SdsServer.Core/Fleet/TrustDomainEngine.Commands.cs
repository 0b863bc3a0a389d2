using System.Collections.Immutable;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Operators' orders. Each is checked against the state it finds; what is refused changes nothing.</summary>
public sealed partial class TrustDomainEngine
{
    private void Execute(EngineCommand command, Moment given)
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
            case UnholdRotation order: Unhold(order, given); break;
            case AdvanceRotation order: Advance(order); break;
            case RetireInstance order: Retire(order); break;
            case RepushInstance order: Repush(order); break;
            case SetRole order: Set(order); break;
            case ConfirmTrust order: Confirm(order); break;
            case ConfirmAnchors order: Confirm(order); break;
            case AddAuthority order: Add(order); break;
            case RemoveAuthority order: Remove(order); break;
            default: throw new ArgumentException($"unknown command {command.GetType().Name}", nameof(command));
        }
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

        if (CannotTurn(plan, order.Goal) is { } refusal)
        {
            Answer(order, CommandStatus.Refused, refusal.Message, refusal);
            return;
        }

        if (order.ValidateOnly)
        {
            Answer(order, CommandStatus.Done, $"rotation '{plan.Id}' can go {Direction(order.Goal)}");
            return;
        }

        DecisionKind kind = order.Goal == RotationGoal.Forward ? DecisionKind.ResumeForward : DecisionKind.RollbackRotation;
        TrustState next = Turned(WithEvidence(_state, out _), order.Goal);
        _endured = order.Goal == RotationGoal.Back && plan.Hold is { Cause: HoldCause.Invariant } && _violation is { } broken ? (plan.Id, RuleOf(broken)) : null;
        Commit(order, next, kind, "", $"turn rotation {plan.Id} {Direction(order.Goal)}", $"rotation '{plan.Id}' goes {Direction(order.Goal)} {WhenTurned(next)}");
    }

    // What an operator must still do for it to move is said at once, not at the next look.
    private string WhenTurned(TrustState turned)
    {
        RotationPlan plan = turned.Plan!;
        Gate gate = RotationPlanner.Next(turned, Facts(plan), _clock.Reckoned).Gate;
        return JudgeHold(turned) is { } hold ? $"once it is no longer held: {hold.Reason}"
            : plan.Policy.At(gate).Kind == GateKind.Approval ? $"now, and waits at gate {gate} for your approval: advance it"
            : "now";
    }

    /// <summary>Why the plan cannot go there; null when it can.</summary>
    private Refusal? CannotTurn(RotationPlan plan, RotationGoal goal)
    {
        Authority target = _state.Authority(goal == RotationGoal.Forward ? plan.To : plan.From);
        if ((target.Tainted || !_state.Trusts(target.RootId)) && Unfit(target) is { } unfit)
        {
            return unfit;
        }

        return Excess(target) > 0 ? TooManyRoots(": let it finish, or let the bundle hold more (Fleet:MaxRoots), and restart the server") : null;
    }

    private TrustState Turned(TrustState state, RotationGoal goal) => WithTargetTrusted(state with
    {
        Decisions = state.Decisions + 1,
        Plan = state.Plan! with { Goal = goal, Hold = null, StepSince = _clock.Reckoned, DrainedAt = null, WaveProvenAt = null, GoneAt = null },
    });

    private TrustState WithTargetTrusted(TrustState state)
    {
        string root = state.RootOf(state.Plan!.Target).Id;
        return state.Trusts(root) ? state : Moves.AddTrust(state, root, _seams.RandomHex(16), _policy.MaxRoots, _clock.Reckoned);
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

    private void Unhold(UnholdRotation order, Moment given)
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

        if (plan is { Kind: RotationKind.Emergency, Hold.Cause: HoldCause.Deadline })
        {
            TrustState late = WithEvidence(_state, out _);
            Verdict verdict = RotationPlanner.Next(late, Facts(plan), _clock.Reckoned);
            Answer(order, CommandStatus.Refused, "the emergency goes on by itself as soon as nobody is late: override who is by name, or retire it", Refuse("held", verdict.Gate, Blockers(late, verdict)));
            return;
        }

        // The order may have waited for the store: what the clock has done since, and who has refused or fallen silent, the operator has not seen.
        if (plan.Hold.Cause == HoldCause.Clock)
        {
            _clock.Accept(given);
            _clock.Observe(_now);
        }

        if (plan.Hold.Cause == HoldCause.Nack)
        {
            foreach (Instance refusing in _refusing.All.Where(instance => instance.RefusingSince <= given.Up))
            {
                refusing.Excused = true;
            }
        }

        if (plan.Hold.Cause == HoldCause.Silent)
        {
            foreach ((Instance silent, _) in _silent.Where(row => row.Value <= given.Up).ToList())
            {
                silent.PassedOverIn = plan.Id;
                Attend(silent);
            }
        }

        if (plan.Hold.Cause == HoldCause.OlderStore)
        {
            _whenSaved = TakeAllOver;
        }

        if (plan.Hold.Cause == HoldCause.Invariant)
        {
            _violation = null;
            _lasting = null;
        }

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
        else if (next.Plan!.Hold is { } hold && !IsPassedOver(hold, order.Override, verdict))
        {
            // No time: it ends when the hold does, and then stands at the gate.
            Answer(order, CommandStatus.Refused, next.Plan.HeldMessage, ((verdict.Open ? Awaited(next, verdict) : Explain(next, verdict)) ?? Refuse("held", verdict.Gate, [])) with { Code = "held", Message = "", Earliest = null });
        }
        else if (!verdict.Open && !order.Override.IsEmpty)
        {
            Override(order, next, verdict);
        }
        else if (!verdict.Open)
        {
            Refusal refusal = Explain(next, verdict);
            Answer(order, CommandStatus.Refused, refusal.Message, refusal);
        }
        else if (order.ValidateOnly)
        {
            Answer(order, CommandStatus.Done, $"possible: {Describe(verdict)}");
        }
        else if (next.Plan.Hold is { } denied)
        {
            string action = $"{Describe(verdict)}, passing over the hold";
            Commit(order, Made(Unheld(next), verdict), DecisionKind.OverrideGate, verdict.Subject, action, $"done: {action}", $"{order.Reason}. Passed over: {denied.Reason}");
        }
        else
        {
            Commit(order, Made(next, verdict), KindOf(verdict.Move), verdict.Subject, Describe(verdict), $"done: {Describe(verdict)}");
        }
    }

    // What a hold is about can be named only where that is somebody who is late, or the webhook: a refusal, a doubt, an operator's word are lifted as such.
    private static bool IsPassedOver(PlanHold hold, ImmutableHashSet<string> names, Verdict verdict) =>
        hold.Cause == HoldCause.Webhook ? names.Contains(Blocker.WebhookName) : hold.Cause == HoldCause.Deadline && !names.IsEmpty && !verdict.Open;

    // Held because of what is passed over, it goes on without that.
    private TrustState Unheld(TrustState state) =>
        state with { Plan = state.Plan! with { Hold = null, StepSince = state.Plan.Hold is null ? state.Plan.StepSince : _clock.Reckoned } };

    private void Override(AdvanceRotation order, TrustState next, Verdict verdict)
    {
        List<Blocker> blockers = [.. Blockers(next, verdict)];
        List<Blocker> others = blockers.FindAll(blocker => blocker.OverrideName is not { } name || !order.Override.Contains(name));
        if (others.Count > 0)
        {
            Refusal refusal = Explain(next, verdict) with { Code = "override_incomplete" };
            Answer(order, CommandStatus.Refused, $"{others.Count} blockers are not named, or nothing can pass over them, such as: {others[0].Detail}", refusal);
            return;
        }

        if (order.Override.Except(blockers.Select(blocker => blocker.OverrideName!).Append(Blocker.SoakName)) is { Count: > 0 } strangers)
        {
            Answer(order, CommandStatus.Refused, $"'{strangers.Min()}' does not block: look at the rotation again", Explain(next, verdict) with { Code = "override_incomplete" });
            return;
        }

        if (order.ValidateOnly)
        {
            Answer(order, CommandStatus.Done, $"possible: pass over {blockers.Count} blockers of gate {verdict.Gate}");
            return;
        }

        // Its no was about this step: it must not hold again what goes on without it.
        _webhookDenial = null;
        next = Unheld(next);
        (TrustState forced, Decision entry) = Force(next, verdict, blockers, order.Override.Contains(Blocker.SoakName), order.Actor, order.Reason)!.Value;
        _savingFor = (order, $"done: {entry.Action}");
        Save(forced, entry);
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

        DoubtKin(instance);
        int before = _effects.Count;
        End(instance);

        // The ledger forgets it when the decision is durable: a crash in between would leave an end that nobody has ordered.
        _onceSaved.AddRange(_effects[before..]);
        _effects.RemoveRange(before, _effects.Count - before);
        Commit(
            order,
            Decided(WithEvidence(_state, out _)),
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
        instance.PardonedAt = _now.Up;
        TakeOver(instance);
        Answer(order, CommandStatus.Done, $"{instance.Bundles.Live.Count + instance.Leaves.Live.Count} secrets go out as fresh bytes");
    }

    private void Confirm(ConfirmTrust order)
    {
        if (!_instances.TryGetValue(order.InstanceId, out Instance? instance))
        {
            Answer(order, CommandStatus.NotFound, $"there is no instance '{order.InstanceId}'");
        }
        else if (instance.Bundles.Slots > 0)
        {
            Answer(order, CommandStatus.Refused, $"instance '{order.InstanceId}' takes its bundle from here and proves it by its answers", Refuse("managed_trust", Gate.G1, []));
        }
        else if (order.Epoch != _state.Epoch)
        {
            Answer(order, CommandStatus.Aborted, $"the bundle is at epoch {_state.Epoch}, not {order.Epoch}: look again at what the proxy trusts");
        }
        else
        {
            (ImmutableArray<string>, long) confirmed = (_state.Bundle, _state.Epoch);
            _whenSaved = () =>
            {
                instance.Confirmed = confirmed;
                Attend(instance);
            };
            Commit(
                order,
                Decided(WithEvidence(_state, out _)),
                DecisionKind.ConfirmTrust,
                order.InstanceId,
                $"confirm that {instance.Key.SpiffeId} trusts the bundle of epoch {order.Epoch}",
                $"instance '{order.InstanceId}' counts as proven up to epoch {order.Epoch}");
        }
    }

    private RotationPlan? Planned(EngineCommand order)
    {
        if (_state.Plan is null)
        {
            Answer(order, CommandStatus.NotFound, "no rotation is under way");
        }

        return _state.Plan;
    }

    private TrustState With(RotationPlan plan) => Decided(WithEvidence(_state, out _) with { Plan = plan });

    private static TrustState Decided(TrustState state) => state with { Decisions = state.Decisions + 1 };

    private void Commit(EngineCommand order, TrustState next, DecisionKind kind, string subject, string action, string message, string? reason = null)
    {
        _savingFor = (order, message);
        string rotation = kind is DecisionKind.CreateAuthority or DecisionKind.DeleteAuthority or DecisionKind.RetireInstance or DecisionKind.ConfirmTrust or DecisionKind.ConfirmAnchors ? "" : (next.Plan ?? _state.Plan)?.Id ?? "";
        Save(next, Log(order.Actor, kind, subject, action, reason ?? order.Reason) with { RotationId = rotation });
    }

    private void Answer(EngineCommand order, CommandStatus status, string message, Refusal? refusal = null) =>
        Answer(order, new CommandOutcome(status, message, _state, refusal));

    private void Answer(EngineCommand order, CommandOutcome outcome) => _effects.Add(new CommandDone(order.Id, outcome));

    private static string Direction(RotationGoal goal) => goal == RotationGoal.Forward ? "forward" : "back";
}
