using System.Collections.Immutable;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>What keeps a gate shut, in words for the operator who waits before it. Only asked on demand: it walks the fleet.</summary>
public sealed partial class TrustDomainEngine
{
    private const string HasLeft = "has left with its new leaf unanswered";

    /// <summary>The next move of the plan and, where its gate is shut, why; null without a plan.</summary>
    public (Verdict Verdict, Refusal? Refusal)? Outlook()
    {
        if (_state.Plan is not { } plan)
        {
            return null;
        }

        Verdict verdict = RotationPlanner.Next(_state, Facts(plan), _clock.Reckoned);
        return (verdict with { Wave = WaveBegunBy(verdict) }, verdict.Open ? Awaited(_state, verdict) : Explain(_state, verdict));
    }

    // A gate that the evidence has opened, and somebody else has not.
    private Refusal? Awaited(TrustState state, Verdict verdict) => Awaited(state.Plan!, verdict) is { } refusal ? refusal with { OverrideBreaks = Broken(state, verdict, [.. refusal.Blockers]) } : null;

    private Refusal? Awaited(RotationPlan plan, Verdict verdict) => MayAdvanceAlone(plan, verdict) ? null : plan.Policy.At(verdict.Gate).Kind switch
    {
        GateKind.Approval => Refuse("awaiting_approval", verdict.Gate, [Blocker.Of(BlockerReason.Approval, "the evidence is complete; the policy leaves the step to an operator", null)], "the step waits for an operator"),
        _ => Refuse("awaiting_webhook", verdict.Gate, [Denial(plan) ?? Blocker.Of(BlockerReason.Webhook, _webhookWaits.Length == 0 ? "the webhook has not answered" : $"the webhook says: {_webhookWaits}", null)], "the step waits for the webhook"),
    };

    // Its no holds the plan, over a restart too.
    private static Blocker? Denial(RotationPlan plan) => plan.Hold is { Cause: HoldCause.Webhook } hold ? Blocker.Of(BlockerReason.Webhook, hold.Reason, null) : null;

    /// <summary>The label of the present state.</summary>
    public RotationPhase Phase => Phases.Of(_state, _state.Plan is { } plan ? Facts(plan).NeedOutgoing : 0);

    private Refusal Explain(TrustState state, Verdict verdict)
    {
        List<Blocker> blockers = Blockers(state, verdict).ToList();
        (string code, string message) = verdict.Gate switch
        {
            Gate.G1 => ("trust_not_everywhere", $"{blockers.Count} things stand between here and the first leaf from '{verdict.Subject}'"),
            Gate.G2 => ("wave_not_proven", $"{blockers.Count} things stand between here and wave {verdict.Wave}"),
            Gate.G3 => ("root_still_needed", $"{blockers.Count} things stand between here and the removal of {RootName(verdict.Subject)}"),
            _ when !Drops(state.Plan!) => ("authority_still_needed", $"{blockers.Count} things stand between here and the end of '{state.Plan!.Outgoing}'"),
            _ => ("root_not_gone", $"{blockers.Count} members may still enforce a dropped root"),
        };
        return Refuse(code, verdict.Gate, blockers, message, Broken(state, verdict, blockers));
    }

    private ImmutableArray<string> Broken(TrustState state, Verdict verdict, List<Blocker> blockers)
    {
        RotationPlan plan = state.Plan!;
        string left = verdict.Gate == Gate.G3 ? RootName(verdict.Subject) : Drops(plan) ? RootName(state.RootOf(plan.Outgoing).Id) : "";
        return OverrideEffects.Of(plan, verdict, left, _floor >= Needed(state, verdict), blockers);
    }

    // An intermediate goes and its root stays.
    private bool Drops(RotationPlan plan) => _state.RootOf(plan.Outgoing).Id != _state.RootOf(plan.Target).Id;

    // The epoch that every member must have proven.
    private static long Needed(TrustState state, Verdict verdict) => verdict.Gate switch
    {
        Gate.G1 or Gate.G3 => state.RootOf(state.Plan!.Target).Since ?? 0,
        Gate.G4 => state.LastDrop,
        _ => 0,
    };

    private IEnumerable<Blocker> Blockers(TrustState state, Verdict verdict)
    {
        RotationPlan plan = state.Plan!;
        if (Denial(plan) is { } denial)
        {
            yield return denial;
        }

        long needed = Needed(state, verdict);
        bool measures = plan.Goal == RotationGoal.Forward && (verdict.Gate == Gate.G2 || (verdict.Gate == Gate.G1 && plan.WaveCount > 1));
        if (_now.Up < _frozenUntil && (_floor < needed || measures || (verdict.Gate is Gate.G3 && IsServingUnder(verdict.Subject))))
        {
            yield return Blocker.Of(BlockerReason.YoungTerm, "the server has just started: whoever was connected, or holds an older bundle, must have had time to come back", TermIsOldAt);
        }

        if (_floor < needed)
        {
            foreach (Instance instance in _instances.Walk().Where(instance => instance.CountedAt < needed))
            {
                yield return Behind(instance);
            }

            foreach ((string replica, long epoch) in _replicas.Where(replica => replica.Value < needed))
            {
                yield return Blocker.Of(BlockerReason.StaleReplica, $"replica '{replica}' has acknowledged epoch {epoch}, not {needed}", null);
            }
        }

        if (verdict.Gate is Gate.G3 || (verdict.Gate is Gate.G4 && !Drops(plan)))
        {
            foreach (Blocker need in Needing(plan, verdict))
            {
                yield return need;
            }
        }

        if (verdict.Gate is Gate.G3 && !RotationPlanner.IsShown(plan, Facts(plan)))
        {
            if (_now.Up >= _frozenUntil && !IsFleetPresent)
            {
                yield return NobodyConnected(plan);
            }

            foreach (Instance instance in _instances.Walk().Where(static instance => instance.Standing is WaveStanding.Waiting or WaveStanding.InTransit or WaveStanding.Silent))
            {
                yield return Lagging(instance, plan);
            }
        }

        if (verdict.Gate is Gate.G3 && IsServingUnder(verdict.Subject) && IsServingHeldBack)
        {
            foreach (Instance instance in _unanchored.OrderBy(instance => instance.Id, StringComparer.Ordinal))
            {
                yield return WithoutAnchor(instance, _anchorWanted!);
            }
        }

        if (verdict.Gate is Gate.G1 or Gate.G2)
        {
            bool heeds = plan.Goal == RotationGoal.Forward && plan.Kind != RotationKind.Emergency;
            HashSet<Instance> refusing = heeds && _floor >= needed ? [.. _refusing.All.Where(instance => StandsInTheWay(instance, plan))] : [];
            foreach (Instance instance in refusing)
            {
                yield return Behind(instance);
            }

            if (heeds && plan.WaveCount > 1 && _now.Up >= _frozenUntil && Waves.Reached == 0 && (plan.WavesBegun > 0 || !IsFleetPresent) && _floor >= needed)
            {
                yield return NobodyConnected(plan);
            }

            if (measures && !IsFleetSteady && _now.Up >= _frozenUntil && _floor >= needed)
            {
                yield return JustAway();
            }

            if (verdict.Gate == Gate.G2)
            {
                // Whose refusal is excused keeps the wave open all the same, and is named like everybody else of it.
                foreach (Instance instance in _instances.Walk().Where(instance => !refusing.Contains(instance)
                    && (instance.Standing is WaveStanding.Waiting or WaveStanding.InTransit or WaveStanding.Silent or WaveStanding.Joining or WaveStanding.Mute or WaveStanding.Left
                        || (instance.Standing is WaveStanding.Lost && plan.Hold is { Cause: HoldCause.Silent }))))
                {
                    yield return Lagging(instance, plan);
                }
            }
        }

        // A root that has gone is gone, whoever signs.
        if (!(verdict.Gate is Gate.G4 && Drops(plan)) && ProblemOf(plan.Target) is { } problem)
        {
            yield return Blocker.Of(BlockerReason.Signer, plan.Kind == RotationKind.Emergency ? $"{problem.Text}: {WayOn(plan)}" : problem.Text, _now.Utc + (problem.Until - _now.Up));
        }

        if (verdict.OpensAt is { } soak)
        {
            yield return Blocker.Of(BlockerReason.Soak, "the evidence is complete; the wait that the policy sets runs", soak);
        }
    }

    // There is no way back from a stolen root, and nothing passes over an authority that does not sign.
    private static string WayOn(RotationPlan plan) => $"mend the signer of '{plan.To}', or give it up: start an emergency to another authority that names '{plan.To}' as the compromised one";

    private Blocker NobodyConnected(RotationPlan plan) => !IsFleetPresent
        ? Blocker.Of(BlockerReason.Absent, "no proxy that takes leaves is connected, so a wave would show nothing", null)
        : Blocker.Of(
            BlockerReason.Absent,
            $"nobody in the {plan.WavesBegun} waves begun is connected: others take their place if nobody comes",
            _desertedUntil is { } until && until > _now.Up ? _now.Utc + (until - _now.Up) : null);

    private Blocker JustAway()
    {
        TimeSpan back = _justAway.All.Max(instance => instance.AwaySince!.Value + TimeToReturn(instance));
        TimeSpan until = _unsteadySince + _policy.QuarantineAfter is { } most && most < back ? most : back;
        return Blocker.Of(BlockerReason.Absent, $"{_justAway.Heeded} proxies have just lost their connections: a wave is counted out when they have had the time to come back", _now.Utc + (until - _now.Up));
    }

    private Blocker Lagging(Instance instance, RotationPlan plan)
    {
        string detail = instance switch
        {
            { Newest: { State: LeafState.Acked } newest } when newest.Row.AuthorityId == plan.To && !IsConfirmed(instance, plan) =>
                $"has accepted its new leaf, but its admin does not show it{(instance.ProbeDetail is { Length: > 0 } probe ? $": {probe}" : "")}",
            { Standing: WaveStanding.Left or WaveStanding.Lost } => HasLeft,
            { Standing: WaveStanding.Silent or WaveStanding.Mute } => $"has left its new leaf unanswered for {_policy.AckTimeout}",
            { HeldBecause: { } held } => $"gets no new leaf: {held}",
            { Standing: WaveStanding.Joining, HeldBecause: null } => "is new, and has not accepted its first leaf",
            { Standing: WaveStanding.InTransit } => "its new leaf is on the way",
            { Newest: { State: LeafState.Acked } newest } when newest.Row.AuthorityId == plan.To => "has accepted its new leaf; an older one is not known to be replaced everywhere yet",
            _ => "waits for its turn",
        };
        return new Blocker(instance.Id, instance.Key.SpiffeId, instance.Key.NodeId, BlockerReason.PendingLeaf, detail, null);
    }

    private Blocker Behind(Instance instance)
    {
        DateTimeOffset? expires = instance.Outstanding.Count == 0 ? null : instance.Outstanding.Values.Max(leaf => leaf.Row.NotAfter) + _policy.MaxSkew;
        (BlockerReason reason, string detail) = instance switch
        {
            { HasOpenRefusal: true, LastNack: { } nack } => (BlockerReason.Nacked, $"refused {nack.Secret}: {nack.Error}"),
            { Bundles.Slots: 0, Workload.BundleOnly: false, Connected: true } => (BlockerReason.UnmanagedTrust, "takes no bundle from here: find out what it trusts, then confirm it, or retire it"),
            { Connected: false } => (BlockerReason.Absent, "not connected; it counts until its last leaf has expired, or it is retired"),
            { Bundles.Live.Count: 0 } => (BlockerReason.PendingAck, "connected, but its subscription to the bundle is not"),
            { Bundles.Complete: false } => (BlockerReason.PendingAck, $"{instance.Bundles.Live.Count} of its {instance.Bundles.Slots} bundle subscriptions are connected"),
            _ => (BlockerReason.PendingAck, $"stands at epoch {instance.Lo}"),
        };
        return new Blocker(instance.Id, instance.Key.SpiffeId, instance.Key.NodeId, reason, detail, instance.Connected && reason != BlockerReason.Nacked ? null : expires);
    }

    private IEnumerable<Blocker> Needing(RotationPlan plan, Verdict verdict)
    {
        string root = verdict.Subject;
        bool Needs(LedgerRow row) => verdict.Gate is Gate.G4 ? row.AuthorityId == plan.Outgoing : row.Anchors.Contains(root) && !row.Anchors.Any(anchor => anchor != root && _state.IsSafe(anchor, _floor));
        foreach (Instance instance in _instances.Walk())
        {
            foreach (OutstandingLeaf leaf in instance.Outstanding.Values.Where(leaf => Needs(leaf.Row) && (verdict.Gate is not Gate.G4 || leaf.SignedBy == plan.Outgoing)))
            {
                string state = instance switch
                {
                    { Standing: WaveStanding.Left or WaveStanding.Lost } => HasLeft,
                    { Connected: false } => "not connected",
                    { HasOpenRefusal: true, LastNack: { } nack } => $"refused {nack.Secret}: {nack.Error}",
                    { HeldBecause: { } held } => held,
                    _ when IsSilent(instance) => $"has left its new leaf unanswered for {_policy.AckTimeout}",
                    _ => "its new leaf is on the way",
                };
                yield return new Blocker(instance.Id, instance.Key.SpiffeId, instance.Key.NodeId, BlockerReason.NeedsOutgoingRoot,
                    $"leaf {leaf.Row.Serial}: {state}", leaf.Row.NotAfter + _policy.MaxSkew) { LeafSerial = leaf.Row.Serial };
            }
        }

        foreach ((Instance instance, _, LedgerRow? row) in _tickets.Values.Where(ticket => ticket.Row is { } written && Needs(written)))
        {
            // Nothing passes over it: its row may be durable already, and nobody has it yet.
            yield return Blocker.Of(BlockerReason.PendingLeaf, $"leaf {row!.Serial} of {instance.Key.SpiffeId} ({instance.Key.NodeId}) is being written to the ledger", null);
        }

        foreach (LedgerRow row in _exported.Values.Where(Needs))
        {
            yield return Blocker.Of(BlockerReason.NeedsOutgoingRoot, $"exported CA certificate {row.Serial}", row.NotAfter + _policy.MaxSkew) with { LeafSerial = row.Serial };
        }
    }

    private Refusal? Unfit(Authority authority)
    {
        IReadOnlyList<string> problems = authority.Tainted
            ? [$"authority '{authority.Id}' is tainted"]
            : _seams.FindUnfit(_state, authority, _now.Utc);
        return problems.Count == 0
            ? null
            : Refuse("unfit_root", Gate.G0, problems.Select(problem => Blocker.Of(BlockerReason.UnfitRoot, problem, null)), $"the root of '{authority.Id}' is not fit: {problems[0]}", ["leaves under it would be refused"]);
    }

    private static Refusal Refuse(string code, Gate gate, IEnumerable<Blocker> blockers, string message = "", ImmutableArray<string> breaks = default)
    {
        ImmutableArray<Blocker> all = [.. blockers];
        DateTimeOffset? earliest = all.Length > 0 && all.All(blocker => blocker.Until is not null) ? all.Max(blocker => blocker.Until) : null;
        return new Refusal(code, gate, message, all.Length > Refusal.MaxBlockers ? all[..Refusal.MaxBlockers] : all, all.Length, earliest, breaks.IsDefault ? [] : breaks);
    }
}
