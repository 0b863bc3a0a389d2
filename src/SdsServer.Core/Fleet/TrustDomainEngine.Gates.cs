using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Who else has a say in a gate that the evidence has opened: an operator, a webhook; and what passes over one that is shut.</summary>
public sealed partial class TrustDomainEngine
{
    // The decision is durable before the ledger forgets what it breaks: else a crash in between would leave a removal that nobody has ordered.
    private readonly List<EngineEffect> _onceSaved = [];
    private Action? _whenSaved;

    // Whose leaf was passed over may be away for good: with that leaf's end it is forgotten as everybody else is.
    private readonly Dictionary<string, Instance> _overruled = [];
    private long _lastAsk;
    private TimeSpan _askAt;
    private (long Ask, long Question)? _asked;
    private long? _webhookAllows;
    private (long Question, string Reason)? _webhookDenial;

    // Which decision about the rotation was the last, in this term: an answer of the webhook is to what has been since. Orders about others take none back.
    private long _question;
    private string _webhookWaits = "";

    /// <summary>Whether the engine takes the step, whose gate is open, by itself now.</summary>
    private bool MayAdvance(RotationPlan plan, Verdict verdict)
    {
        return MayAdvanceAlone(plan, verdict) || (plan.Policy.At(verdict.Gate).Kind == GateKind.Webhook && WebhookAllows(plan, verdict));
    }

    // The way back heals: no webhook is asked whether it may. A human who wants to see each step is, both ways; but whoever lets it turn back by itself lets it sign there, too.
    private bool MayAdvanceAlone(RotationPlan plan, Verdict verdict) => plan.Policy.At(verdict.Gate).Kind switch
    {
        GateKind.Approval => plan.Goal == RotationGoal.Back && plan.Policy.AutomaticRollback && verdict.Gate == Gate.G1,
        GateKind.Webhook => plan.Goal == RotationGoal.Back || _webhookAllows == _question,
        _ => true,
    };

    private bool WebhookAllows(RotationPlan plan, Verdict verdict)
    {
        if (_asked?.Question != _question && _now.Up >= _askAt)
        {
            _asked = (++_lastAsk, _question);
            _effects.Add(new AskWebhook(_lastAsk, plan.Id, verdict.Gate, WaveBegunBy(verdict), Describe(verdict), Evidence()));
        }

        return false;
    }

    // Its yes is to what it was shown: not to what is there after a refusal, or when the evidence is there again.
    private void ForgetWebhook() => (_webhookAllows, _asked) = (null, null);

    private void OnWebhookAnswered(WebhookAnswered answered)
    {
        // The state may have moved on since it was asked: then its answer is about another step.
        if (_asked is not { } asked || asked.Ask != answered.Ask)
        {
            return;
        }

        _asked = null;
        _webhookWaits = answered.Reason;
        switch (answered.Verdict)
        {
            case WebhookVerdict.Allow: _webhookAllows = asked.Question; break;
            case WebhookVerdict.Deny: _webhookDenial = (asked.Question, answered.Reason); break;
            default: _askAt = _now.Up + _policy.AskAgain; break;
        }
    }

    /// <summary>
    /// Why a plan whose policy allows it turns back by itself; null when it does not. Only while leaves are being replaced (rule E4): before that
    /// there is nothing to turn, and afterwards everybody would be moved twice for no need.
    /// </summary>
    private string? ShouldTurnBack(RotationPlan plan)
    {
        if (!plan.Policy.AutomaticRollback || plan.Hold is { Cause: not (HoldCause.Nack or HoldCause.Silent or HoldCause.Webhook) } || plan.Goal == RotationGoal.Back || plan.Kind == RotationKind.Emergency || PhaseOf(_state) != RotationPhase.Issuing)
        {
            return null;
        }

        Instance? refusing = _refusing.All.FirstOrDefault(instance =>
            instance is { Excused: false, LeafRefusals: >= 2, BundleRefused: false, Newest: { } newest } && newest.Row.AuthorityId == plan.To && !_refusing.Excuses(instance));
        return refusing is not null
            ? $"{refusing.Key.SpiffeId} ({refusing.Key.NodeId}) has refused {refusing.LeafRefusals} fresh leaves from '{plan.To}', its bundle being healthy: {refusing.LastNack?.Error}"
            : !_refusing.All.Any(instance => StandsInTheWay(instance, plan)) && TooSilent(plan) is { } silent ? silent
            : _webhookDenial is { } denial && denial.Question == _question ? $"the webhook said no: {denial.Reason}" : null;
    }

    /// <summary>
    /// Passes over what keeps a gate shut: who has not proven the bundle counts no more until it has, and what needs the root breaks.
    /// Null where something remains that nothing passes over, such as a signer that cannot sign.
    /// </summary>
    private (TrustState Next, Decision Entry)? Force(TrustState next, Verdict verdict, List<Blocker> blockers, bool soakToo, string actor, string why)
    {
        if (blockers.Exists(blocker => blocker.OverrideName is null))
        {
            return null;
        }

        blockers.ForEach(PassOver);
        RaiseFloor();
        next = WithEvidence(next, out _);
        Verdict after = RotationPlanner.Next(next, Facts(next.Plan!), _clock.Reckoned);
        bool take = after.Open || (soakToo && after.OpensAt is not null);

        // Nobody's name is left out (rule I5): in a large mesh the details are.
        string list = string.Join("; ", blockers.Select((blocker, index) => $"{blocker.SpiffeId} {blocker.OverrideName}{(index < Refusal.MaxBlockers ? $": {blocker.Detail}" : "")}"));
        string action = $"{(take ? Describe(after) + ", passing" : "pass")} over {blockers.Count} blockers of gate {verdict.Gate}";
        Decision entry = Log(actor, DecisionKind.OverrideGate, after.Subject, action, $"{why}. Passed over: {list}") with { RotationId = next.Plan!.Id };
        return (take ? Made(next, after) : Decided(next), entry);
    }

    private void PassOver(Blocker blocker)
    {
        if (blocker.Reason == BlockerReason.MissingAnchor)
        {
            PassOverAnchor(blocker.InstanceId);
            return;
        }

        if (blocker.LeafSerial.Length > 0 && !Drops(_state.Plan!))
        {
            // Its root stays, so it works on, and a later rotation must still find it: only for the end of its authority it counts no more.
            if (_exported.TryGetValue(blocker.LeafSerial, out LedgerRow? below))
            {
                _needs.Remove(below.Anchors, below.AuthorityId);
                _exported[below.Serial] = below with { AuthorityId = "" };
                _needs.Add(below.Anchors, "");
            }
            else if (_leafOwners.TryGetValue(blocker.LeafSerial, out Instance? user) && user.Outstanding[blocker.LeafSerial] is var leaf)
            {
                _needs.Remove(leaf.Row.Anchors, leaf.SignedBy);
                leaf.SignedBy = "";
                _needs.Add(leaf.Row.Anchors, "");
            }
        }
        else if (blocker.LeafSerial.Length > 0)
        {
            if (_exported.Remove(blocker.LeafSerial, out LedgerRow? exported))
            {
                _needs.Remove(exported.Anchors, exported.AuthorityId);
                _onceSaved.Add(new SetLeafState(exported.Serial, LeafState.Overruled));
            }
            else if (_leafOwners.TryGetValue(blocker.LeafSerial, out Instance? owner))
            {
                RemoveOutstanding(owner, owner.Outstanding[blocker.LeafSerial]);
                _overruled[blocker.LeafSerial] = owner;
                _onceSaved.Add(new SetLeafState(blocker.LeafSerial, LeafState.Overruled));
                Attend(owner);
            }
        }
        else if (_instances.TryGetValue(blocker.InstanceId, out Instance? instance))
        {
            instance.PassedOverIn = _state.Plan!.Id;
            instance.Excused = instance.HasOpenRefusal;
            if (blocker.Reason is not BlockerReason.PendingLeaf)
            {
                // Whoever may be its process, under a name that nobody has passed over, rested on what this one counted for.
                DoubtNewcomers(instance);
                instance.OverruledBelow = _state.Epoch;
            }

            Attend(instance);
        }
    }
}
