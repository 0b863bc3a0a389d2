using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Simulation.Envoys;

namespace SdsServer.Simulation.Runs;

/// <summary>What a state that is written, and the step that led to it, must be.</summary>
internal sealed partial class Claims
{
    /// <summary>E10: nobody waits for an authority that cannot sign while the plan has one that can.</summary>
    private void CheckHeld(TrustDomainEngine engine)
    {
        TrustState state = engine.State;
        if (state.Plan is not { } plan || !(CanSign(state, plan.From) || CanSign(state, plan.To)))
        {
            return;
        }

        if (engine.Instances().FirstOrDefault(view => view is { Connected: true, HeldBecause: "not every member enforces the signer's root yet" }) is { } held)
        {
            throw new Violation("E10", $"{held.Key.NodeId} gets no leaf although {(CanSign(state, plan.From) ? plan.From : plan.To)} could sign one");
        }
    }

    /// <summary>E5: the new authority signs for nobody whom its waves have not reached, unless the old one must not sign.</summary>
    private void CheckWave(LedgerRow row)
    {
        TrustState state = store.State;
        if (state.Plan is { Goal: RotationGoal.Forward } plan && row.AuthorityId == plan.To && state.Signer != plan.To && !state.Authority(state.Signer).Tainted
            && !envoys.Where(envoy => envoy.Key == row.Key).SelectMany(envoy => Reached(envoy, plan)).Contains(true))
        {
            throw new Violation("E5", $"{row.Key.NodeId} gets a leaf from {plan.To} before a wave has reached it");
        }
    }

    // By each of the names of clusters that it has had: a restarted server has met it under the last one only.
    private static IEnumerable<bool> Reached(SimulatedEnvoy envoy, RotationPlan plan) => envoy.Clusters.Select(cluster =>
        WaveAssignment.Reaches(plan, WaveAssignment.PlaceOf(plan.Id, envoy.Key.SpiffeId, envoy.Key.NodeId), ProxyTraits.Of(envoy.Key.SpiffeId, cluster)));

    private void CheckLeaf(LedgerRow row)
    {
        if (!RootSet.Of(row.Anchors).Overlaps(_common))
        {
            throw new Violation("I1", $"a leaf from {string.Join(',', row.Anchors)} goes into the ledger while the bundles of epochs {_floor} to {_epoch} have only {_common} in common");
        }
    }

    // I2, I3, I8.
    private void CheckState(TrustState old, TrustState next)
    {
        ImmutableArray<string> bundle = next.Bundle;
        bool tainted = next.Authority(next.Signer).Tainted && next.Plan is not { Kind: RotationKind.Emergency };
        if (bundle.Length < 1 || bundle.Length > policy.MaxRoots || bundle.Distinct().Count() != bundle.Length || !next.Trusts(next.RootOf(next.Signer).Id) || tainted)
        {
            throw new Violation("I2/I3/I8", $"bundle {{{string.Join(',', bundle)}}}, signer {next.Signer}");
        }

        if (bundle.Contains(Settings.UnfitRoot))
        {
            throw new Violation("G0", $"the bundle is {{{string.Join(',', bundle)}}}, and root {Settings.UnfitRoot} is unfit");
        }

        if (old.Authorities.FirstOrDefault(known => next.Authorities.All(kept => kept.Id != known.Id)) is { } gone)
        {
            throw new Violation("E9", $"authority {gone.Id} is deleted, and nobody has ordered that but by mistake");
        }

        // An emergency may make room for its root in the same change.
        bool changed = !bundle.SequenceEqual(old.Bundle) || next.Salt != old.Salt;
        bool makesRoom = next.Plan is { Kind: RotationKind.Emergency } && next.Plan.Id != old.Plan?.Id;
        if (next.Epoch != old.Epoch + (changed ? 1 : 0) && !(makesRoom && next.Epoch == old.Epoch + 2))
        {
            throw new Violation("E1", $"epoch {old.Epoch} {{{string.Join(',', old.Bundle)}}} is followed by epoch {next.Epoch} {{{string.Join(',', bundle)}}}");
        }

        if (!old.Bundle.Where(bundle.Contains).Concat(bundle.Where(root => !old.Bundle.Contains(root))).SequenceEqual(bundle))
        {
            throw new Violation("I8", $"the order of roots goes from {{{string.Join(',', old.Bundle)}}} to {{{string.Join(',', bundle)}}}: the outgoing root must stay first");
        }

        if (next.Floor < old.Floor)
        {
            throw new Violation("E1", $"the stored floor falls from {old.Floor} to {next.Floor}");
        }
    }

    /// <summary>E6: the server's own certificate moves to no root by which somebody who counts does not know it, before the grace is over.</summary>
    private void CheckServing(TrustState old, TrustState next)
    {
        if (old.Serving is not { } before || next.Serving is not { } after || old.RootOf(before.AuthorityId).Id is var left && next.RootOf(after.AuthorityId).Id == left)
        {
            return;
        }

        bool isStolen = next.Authority(before.AuthorityId).Tainted;
        if (!isStolen && old.Plan is { Hold: { } hold, Id: { } id } && next.Plan is { Hold: not null } held && held.Id == id)
        {
            throw new Violation("E4", $"the server's own certificate moves although the rotation is held: {hold.Reason}");
        }

        string root = next.RootOf(after.AuthorityId).Id;
        _lastPresented[left] = time.Up;
        bool isOver = before.WaitsSince is { } since && (_wallWasWrong || time.Now.Utc >= since + policy.BootstrapGrace);
        if (!isOver && !isStolen
            && envoys.FirstOrDefault(envoy => envoy is { Alive: true, Anchors: { } anchors } && !anchors.Held.Contains(root) && !IsPassedOver(envoy) && !_unlinked.Contains(envoy.Key.SpiffeId) && envoy.Contexts.Exists(context => context.Enforces is not null && !_overruled.Contains(context.Presents?.Serial ?? "") && CanTalk(envoy, context))) is { } lost)
        {
            throw new Violation("serving", $"the server's own certificate moves to root {root}, and {lost.Name} knows only {lost.Anchors!.Held}");
        }
    }

    // Holds, manual steps, soaks, refusals and a doubtful clock bind the engine, never an operator; a request begins one rotation.
    private void CheckDecision(TrustState old, SaveState save)
    {
        TrustState next = save.State;
        if (next.Plan is { } begun && old.Plan?.Id != begun.Id && (begun.RequestId.StartsWith("rehearsal", StringComparison.Ordinal) || _requests.Contains(begun.RequestId)))
        {
            throw new Violation("E8", $"request {begun.RequestId} begins a second rotation, or was a rehearsal");
        }

        if (old.Plan is { } plan && save.Entry is { } entry)
        {
            NoteReached(old, next.Floor);
            CheckMove(old, next, plan, entry);
            CheckHalt(old, next, plan, entry);
            _decided.Add((old, next, entry));
        }
    }

    private void CheckMove(TrustState old, TrustState next, RotationPlan plan, Decision entry)
    {
        bool isMove = entry.Kind is DecisionKind.AddTrust or DecisionKind.SetSigner or DecisionKind.DropTrust;
        Gate gate = entry.Kind == DecisionKind.DropTrust ? Gate.G3 : plan is { WavesBegun: > 0, Goal: RotationGoal.Forward } ? Gate.G2 : Gate.G1;
        GateKind kind = entry.Kind == DecisionKind.AddTrust ? GateKind.Ack : plan.Policy.At(gate).Kind;
        bool timed = kind == GateKind.Time && plan.Goal == RotationGoal.Forward;
        bool heeds = plan.Kind != RotationKind.Emergency && !timed && entry.Actor == "engine";
        if (isMove && entry.Actor == "engine")
        {
            if (plan.Hold is not null || (kind == GateKind.Approval && !(gate == Gate.G1 && plan is { Goal: RotationGoal.Back, Policy.AutomaticRollback: true })))
            {
                throw new Violation("E4", $"'{entry.Action}' although the rotation is {(plan.Hold is { } hold ? "held: " + hold.Reason : "to be advanced by hand")}");
            }

            if ((time.WallError - _wallAccepted).Duration() > TimeSpan.FromHours(1))
            {
                throw new Violation("E9", $"'{entry.Action}' while the wall clock is wrong by {time.WallError}");
            }
        }

        _wallWasWrong |= time.WallError != TimeSpan.Zero;
        string outgoing = old.RootOf(plan.Outgoing).Id;
        switch (entry.Kind)
        {
            case DecisionKind.UnholdRotation when plan.Hold is { Cause: HoldCause.Clock }:
                // Waits that ran while the clock was in doubt are shortened by what is accepted.
                _wallAccepted = _clockOrders.Count > 0 ? _clockOrders.Peek() : time.WallError;
                _wallWasWrong = true;
                break;
            case DecisionKind.UnholdRotation when plan.Hold is { Cause: HoldCause.Silent }:
                // An operator goes on without whoever is silent, whatever it has said before; also where its leaf could not be sent.
                _leftSilent.UnionWith(_owed.Keys.Select(static envoy => envoy.Key.SpiffeId));
                _leftSilent.UnionWith(envoys.Where(envoy => envoy.Sources.Exists(static source => source is { Kind: SecretKind.Leaf, UnansweredSince: not null }) || IsUnheard(envoy, plan.To)
                    || (Reached(envoy, plan).Contains(true) && (!IsThere(envoy) || !Holds(envoy, old.RootOf(plan.To).Id) || envoy.Sources.Exists(static source => source.UnansweredSince is not null)))).Select(envoy => envoy.Key.SpiffeId));
                break;
            case DecisionKind.SetSigner when heeds && gate == Gate.G2 && next.Plan?.WavesBegun > plan.WavesBegun && !envoys.Any(envoy => Holds(envoy, old.RootOf(plan.To).Id)) && envoys.Any(envoy => IsSettled(envoy) && TakesLeaves(envoy) && !IsPassedOver(envoy) && !_leftSilent.Contains(envoy.Key.SpiffeId) && !Reached(envoy, plan).Contains(false)):
                throw new Violation("G2", "the next wave begins before anybody uses a leaf of the new authority");
            case DecisionKind.SetSigner when kind is GateKind.Approval or GateKind.Webhook && next.Plan is { } begun
                && Enumerable.Range(plan.WavesBegun, Math.Max(0, begun.WavesBegun - plan.WavesBegun - 1)).Any(wave => plan.Policy.Waves[wave].Selector is not null):
                throw new Violation("E5", $"a yes to wave {plan.WavesBegun + 1} begins wave {begun.WavesBegun}");
            case DecisionKind.SetSigner when heeds && plan.Goal == RotationGoal.Forward && envoys.FirstOrDefault(Refuses) is { } refusing:
                throw new Violation("G1", $"the signer is set while {refusing.Name}, which holds a leaf, refuses what it was sent");
            case DecisionKind.SetSigner when heeds && gate == Gate.G1 && plan.Kind == RotationKind.Planned && !_wallWasWrong && old.RootOf(plan.Target) is { Since: { } since } target
                && (!_reached.TryGetValue((target.Id, since), out TimeSpan reached) || time.Up < reached + plan.Policy.TrustSoak):
                throw new Violation("G1", $"the signer is set before root {target.Id} was everywhere for {plan.Policy.TrustSoak}");
            case DecisionKind.DropTrust when entry.Actor == "engine" && _overruled.Count == 0 && _passedOver.Count == 0 && !Common(next.Floor).Overlaps(RootSet.Of(next.Bundle)):
                throw new Violation("G3", $"root {entry.Subject} is dropped while none of {{{string.Join(',', next.Bundle)}}} is in every bundle since epoch {next.Floor}");
            case DecisionKind.DropTrust when heeds && _overruled.Count == 0 && entry.Subject == outgoing && !_wallWasWrong && old.SignerRevision != plan.SignerRevisionAtStart && time.Up < _lastPresented.GetValueOrDefault(outgoing, TimeSpan.MinValue / 2) + plan.Policy.DropSoak:
                throw new Violation("G3", $"root {outgoing} is dropped before the last leaf under it was gone for {plan.Policy.DropSoak}");
            case DecisionKind.DropTrust when next.Serving is { } serving && next.RootOf(serving.AuthorityId).Id == entry.Subject:
                throw new Violation("G3", $"root {entry.Subject} is dropped while the server's own certificate is under it");
            case DecisionKind.FinishRotation when envoys.FirstOrDefault(envoy => envoy.Alive && !IsPassedOver(envoy) && old.Roots.Any(root => !old.Trusts(root.Id) && StillTrusts(envoy, root.Id))) is { } behind:
                throw new Violation("G4", $"the rotation ends while {behind.Name} still enforces a root that was dropped");
        }
    }

    private static bool Presents(SimulatedEnvoy envoy, string root) => envoy.Contexts.Exists(context => context.Presents is { } leaf && leaf.Roots.Contains(root));

    // It has accepted one; whether a source that has not asked yet keeps it from use nobody can know.
    private static bool Holds(SimulatedEnvoy envoy, string root) =>
        Presents(envoy, root) || envoy.Sources.Exists(source => source is { Kind: SecretKind.Leaf, HasAccepted: true, Stored: { } leaf } && leaf.Roots.Contains(root));

    private bool IsSettled(SimulatedEnvoy envoy) => envoy.Alive && envoy.Connection is not null && envoy.Contexts.Exists(context => context.Presents is { } leaf && leaf.NotAfter > time.True);

    private static bool TakesLeaves(SimulatedEnvoy envoy) =>
        envoy.Sources.Exists(static source => source is { Kind: SecretKind.Leaf, HasAccepted: true, Removed: false, Client.Stream: not null });

    // One that has accepted nothing on its streams looks new to the server, and delays nobody.
    private bool Refuses(SimulatedEnvoy envoy) => envoy.Alive && !IsPassedOver(envoy) && !IsHeededNoMore(envoy) && !_leftSilent.Contains(envoy.Key.SpiffeId)
        && envoy.Contexts.TrueForAll(context => context.Presents is { } leaf && leaf.NotAfter > time.True) && envoy.Sources.TrueForAll(static source => source.HasAccepted) && envoy.Sources.Exists(static source => source is { Refused: true, Removed: false });

    // An identity whose other processes have refused for long (ADR 22), or this one under another name, on an earlier connection. The engine
    // knows since when without a break; here it is at most since the first time.
    private bool IsHeededNoMore(SimulatedEnvoy envoy) =>
        _refusedAt.TryGetValue(envoy.Key.SpiffeId, out (TimeSpan At, long? Connection) first) && time.Up > first.At + policy.QuarantineAfter
        && (first.Connection != envoy.Connection || envoys.Any(other => other != envoy && other.Key.SpiffeId == envoy.Key.SpiffeId));

    private bool StillTrusts(SimulatedEnvoy envoy, string root) =>
        envoy.Contexts.Exists(context => context.Enforces is { } bundle && bundle.Roots.Contains(root) && CanTalk(envoy, context));

    private void NotePresented(SimulatedEnvoy envoy)
    {
        foreach (TrustRoot root in store.State.Roots)
        {
            DateTimeOffset? until = null;
            foreach (TlsContext context in envoy.Contexts)
            {
                if (context.Presents is { } leaf && leaf.Roots.Contains(root.Id) && !(leaf.NotAfter <= until))
                {
                    until = leaf.NotAfter;
                }
            }

            if (until is null && envoy.Presented.Remove(root.Id, out DateTimeOffset expired))
            {
                TimeSpan ago = time.True > expired ? time.True - expired : TimeSpan.Zero;
                TimeSpan last = time.Up - ago;
                _lastPresented[root.Id] = last > _lastPresented.GetValueOrDefault(root.Id, TimeSpan.MinValue) ? last : _lastPresented[root.Id];
            }
            else if (until is { } notAfter)
            {
                envoy.Presented[root.Id] = notAfter;
            }
        }
    }
}
