using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Simulation.Envoys;
using SdsServer.Testing.Virtual;
using SdsServer.Xds;

namespace SdsServer.Simulation.Runs;

/// <summary>
/// The literal claim and the invariants, checked against what every process really holds and what every epoch's bundle really was,
/// never against what the engine believes of its fleet.
/// </summary>
internal sealed class Claims(VirtualTime time, VirtualServer server, MemoryStore store, IReadOnlyList<SimulatedEnvoy> envoys, FleetPolicy policy)
{
    // The bundle of every epoch there was, by the state that was durable.
    private readonly Dictionary<long, RootSet> _bundles = [];
    private readonly HashSet<string> _requests = [];

    // Monotonic times: when every member had first reached the epoch that brought a root, and when a leaf under it was last in force.
    private readonly Dictionary<(string Root, long Since), TimeSpan> _reached = [];
    private readonly Dictionary<string, TimeSpan> _lastPresented = [];
    private TimeSpan _wallAccepted;
    private bool _wallWasWrong;
    private long _floor;
    private long _epoch;
    private long _revision = -1;
    private long _checkedEpoch;
    private long _checkedRevision = -1;
    private int _roster;
    private RootSet _common;

    // What an operator has passed over by name is broken on purpose: leaves, and what these identities verify. When the engine counts them
    // again depends on what it has heard, so they are left out of the claim for the rest of the run.
    private readonly HashSet<string> _overruled = [];
    private readonly HashSet<string> _passedOver = [];

    // They lose their link to the server, and nothing else.
    private readonly HashSet<string> _unlinked = [];
    private readonly Dictionary<string, SimulatedEnvoy> _mistaken = [];

    // By identity, the monotonic time of the first refusal that the server heard of.
    private readonly Dictionary<string, TimeSpan> _refusedAt = [];

    // In which order leaves were wanted in the ledger.
    private readonly Dictionary<string, int> _issued = [];

    // Consumers of the bundle alone: the monotonic time at which the server began that wanted them on the roster, and who was on it.
    private readonly Dictionary<InstanceKey, TimeSpan> _enrolling = [];
    private readonly HashSet<InstanceKey> _rostered = [];
    private TimeSpan _begun;

    /// <summary>Pairs of a leaf and a bundle that were compared.</summary>
    public long Pairs { get; private set; }

    /// <summary>What an effect must never be, whatever comes after it.</summary>
    public void OnEffect(EngineEffect effect)
    {
        switch (effect)
        {
            case SaveState save:
                CheckState(store.State, save.State);
                CheckDecision(store.State, save);
                NotePassedOver(save);
                CheckServing(store.State, save.State);
                break;
            case SignLeaf sign when sign.Earliest > time.True + policy.MaxSkew:
                throw new Violation("I4", $"a leaf is asked for that begins at {sign.Earliest:u}, when it is {time.True:u}");
            case WriteRoster write:
                _enrolling[write.Entry.Key] = server.StartedAt;
                break;
            case WriteLedger write:
                _issued.TryAdd(write.Insert.Row.Serial, _issued.Count);
                CheckLeaf(write.Insert.Row);
                CheckWave(write.Insert.Row);
                break;
            case Noted { Text: { } text } when text.StartsWith("invariant", StringComparison.Ordinal):
                throw new Violation("the engine's own", text);
        }
    }

    /// <summary>After each event: the floor, and all pairs when anything that they depend on has moved.</summary>
    /// <param name="isNewTerm">It may begin at a lower floor: the stored one lags behind.</param>
    public void OnEvent(bool isNewTerm)
    {
        NoteState();
        if (isNewTerm)
        {
            // Who was not back within its window, in the life after the one that wanted it on the roster, is no member any more.
            if (server.StartedAt - _begun >= policy.ReconnectWindow)
            {
                _enrolling.Where(wanted => wanted.Value < _begun).ToList().ForEach(wanted => _enrolling.Remove(wanted.Key));
            }

            _begun = server.StartedAt;
            _floor = 0;
            bool gap = store.State.Plan is not null && (time.Now.Utc - store.State.SeenAt).Duration() > policy.MaxSkew;
            _wallAccepted = gap ? _wallAccepted : time.WallError;
        }

        _wallWasWrong |= time.WallError != TimeSpan.Zero;
        if (server.Engine is not { } engine)
        {
            return;
        }

        if (_revision != _checkedRevision)
        {
            _checkedRevision = _revision;
            CheckHeld(engine);
        }

        bool moved = engine.Floor != _floor || _epoch != _checkedEpoch || _roster != store.RosterRevision;
        if (engine.Floor < _floor)
        {
            throw new Violation("E2", $"the floor falls from {_floor} to {engine.Floor}");
        }

        if (moved)
        {
            _floor = engine.Floor;
            NoteReached(store.State, _floor);
            _roster = store.RosterRevision;
            CheckAll();
        }
    }

    /// <summary>A process has taken a secret, or added a context.</summary>
    public void OnBuilt(SimulatedEnvoy changed)
    {
        NoteState();
        NotePresented(changed);
        CheckHolder(changed);
        foreach (SimulatedEnvoy other in envoys)
        {
            if (other != changed && other.Alive)
            {
                CheckAccepts(changed, other);
                CheckAccepts(other, changed);
            }
        }
    }

    /// <summary>Bundle and leaf are never both on their way, nothing follows before its time, and refused bytes never again.</summary>
    public void OnDelivery(SimulatedEnvoy envoy, SecretSource source, Delivery delivery)
    {
        foreach (SecretSource other in envoy.Sources)
        {
            if (other.UnansweredSince is { } since && time.Up < since + policy.AckTimeout)
            {
                if (other == source)
                {
                    throw new Violation("E7", $"{envoy.Name}/{source} is sent {delivery.Payload?.Version} while another response is unanswered");
                }

                if (other.Kind != source.Kind && other.Client.Stream?.Connection == source.Client.Stream?.Connection)
                {
                    throw new Violation("E7", $"{envoy.Name} has bundle and leaf on their way at once");
                }
            }
        }

        // Bytes that the stream itself has just reported to hold change nothing, and an earlier term's are no proof.
        string text = Text(delivery.Payload!);
        if (envoy.Spoilt.Contains(text) && !source.Reports(delivery.Payload!.Version))
        {
            throw new Violation("E7", $"{envoy.Name}/{source} is sent {delivery.Payload!.Version} again, which was refused");
        }

        source.UnansweredSince = time.Up;
    }

    /// <summary>I6 and I7 of what goes onto the wire.</summary>
    public void OnSent(SimulatedEnvoy envoy, SecretSource source, ResponseItem item)
    {
        if (item.IsResend)
        {
            return;
        }

        source.Sent = Text(item.Payload!);
        CheckSlots(envoy, source.Kind);
        switch (item.Payload)
        {
            case LeafPayload leaf when store.Row(leaf.Serial) is null:
                throw new Violation("I7", $"leaf {leaf.Serial} is sent before the ledger has it");
            case LeafPayload leaf when source.Stored is { } held && envoy.Contexts.Exists(context => context.Leaf == source && context.Presents == held) && !envoy.Spoilt.Contains(held.Text) && AreOfOneInstance(leaf.Serial, held.Serial) && _issued.GetValueOrDefault(leaf.Serial) < _issued.GetValueOrDefault(held.Serial):
                throw new Violation("I6", $"{envoy.Name}/{source} goes back from leaf {held.Serial[..6]} to the older {leaf.Serial[..6]}");
            case BundlePayload bundle when bundle.Epoch > store.State.Epoch:
                throw new Violation("I7", $"the bundle of epoch {bundle.Epoch} is sent before the state is durable");
            case BundlePayload bundle when source.Stored is { } old && old.Epoch > bundle.Epoch:
                throw new Violation("I6", $"{envoy.Name}/{source} goes back from epoch {old.Epoch} to {bundle.Epoch}");
        }
    }

    // Where one process was taken for two, what was under way for the one may come after what the other has.
    private bool AreOfOneInstance(string serial, string other) => store.Row(serial)?.InstanceId == store.Row(other)?.InstanceId;

    /// <summary>I7: the slots of a process that is known by its leaf are durable before anything goes out on them.</summary>
    private void CheckSlots(SimulatedEnvoy envoy, SecretKind kind)
    {
        if (envoy.Sources.Find(static source => source is { Kind: SecretKind.Leaf, HasAccepted: true, Refused: false, UnansweredSince: null, Stored: not null }) is not { } known
            || store.Row(known.Stored!.Serial) is not { } row || row.NotAfter < time.True || _overruled.Contains(row.Serial))
        {
            return;
        }

        int Slots(LedgerRow its) => kind == SecretKind.Bundle ? its.BundleSlots : its.LeafSlots;
        // On another connection it is not known yet to be the same process.
        int served = envoy.Sources.Count(source => source.Kind == kind && source is { Sent: not null, Removed: false } && source.Client.Stream?.Connection == known.Client.Stream?.Connection);

        // A process that was taken for two, and is one again, may have its slots on the rows of the other.
        if (served > Slots(row) && !store.Ledger.Any(other => other.Key == envoy.Key && other.State != LeafState.Superseded && served <= Slots(other)))
        {
            throw new Violation("I7", $"{envoy.Name} is served on {served} slots for a {kind}, of which the ledger knows {row.BundleSlots}/{row.LeafSlots}");
        }
    }

    /// <summary>The server has heard an answer.</summary>
    public void OnAnswer(SimulatedEnvoy envoy, SecretSource source, bool refused)
    {
        source.UnansweredSince = null;
        source.Refused = refused;
        source.HasAccepted |= !refused;
        if (refused && source.Sent is { } sent)
        {
            envoy.Spoilt.Add(sent);
            _refusedAt.TryAdd(envoy.Key.SpiffeId, time.Up);
        }
    }

    /// <summary>Unexpired, and from this authority.</summary>
    public bool IsGood(HeldSecret leaf, string authority) => leaf.NotAfter > time.True && store.Row(leaf.Serial)?.AuthorityId == authority;

    private static string Text(SecretPayload payload) =>
        System.Text.Encoding.UTF8.GetString(payload is BundlePayload bundle ? bundle.Pem.Span : ((LeafPayload)payload).ChainPem.Span);

    private void NoteState()
    {
        if (store.State.Revision != _revision)
        {
            _revision = store.State.Revision;
            _epoch = store.State.Epoch;
            _bundles[_epoch] = RootSet.Of(store.State.Bundle);
            _ = store.State.Plan is { } plan && _requests.Add(plan.RequestId);
        }
    }

    private void NoteReached(TrustState state, long floor)
    {
        foreach (TrustRoot root in state.Roots)
        {
            if (root.Since is { } since && since <= floor && state.Trusts(root.Id))
            {
                _reached.TryAdd((root.Id, since), time.Up);
            }
        }
    }

    private void CheckAll()
    {
        _checkedEpoch = _epoch;
        _common = Common(_floor);

        foreach (SimulatedEnvoy envoy in envoys)
        {
            if (envoy.Alive)
            {
                CheckHolder(envoy);
                foreach (SimulatedEnvoy other in envoys)
                {
                    if (other != envoy && other.Alive)
                    {
                        CheckAccepts(envoy, other);
                    }
                }
            }
        }
    }

    // Epochs that were never durable were never sent.
    private RootSet Common(long floor)
    {
        RootSet common = RootSet.All;
        for (long epoch = floor; epoch <= _epoch; epoch++)
        {
            common = _bundles.TryGetValue(epoch, out RootSet roots) ? common.And(roots) : common;
        }

        return common;
    }

    /// <summary>I1 of one process: what it may present is in every bundle since the floor, and what it enforces is not below the floor.</summary>
    private void CheckHolder(SimulatedEnvoy envoy)
    {
        foreach (TlsContext context in envoy.Contexts)
        {
            if (context.Presents is { } leaf && leaf.NotAfter > time.True && !leaf.Roots.Overlaps(_common) && !_overruled.Contains(leaf.Serial))
            {
                throw new Violation("I1", $"{envoy.Name} holds leaf {leaf.Serial[..6]} from {leaf.Roots}, which is not in every bundle of epochs {_floor} to {_epoch}: {_common}");
            }

            if (context.Enforces is { } bundle && bundle.Epoch < _floor && !IsPassedOver(envoy) && CanTalk(envoy, context))
            {
                throw new Violation("I1", $"{envoy.Name} enforces epoch {bundle.Epoch}, below the floor {_floor}");
            }
        }
    }

    /// <summary>The claim itself: each leaf that one may present is accepted by each bundle that the other enforces.</summary>
    private void CheckAccepts(SimulatedEnvoy presenter, SimulatedEnvoy verifier)
    {
        foreach (TlsContext verifying in verifier.Contexts)
        {
            if (verifying.Enforces is not { } bundle || (_passedOver.Count > 0 && IsPassedOver(verifier)) || !CanTalk(verifier, verifying))
            {
                continue;
            }

            foreach (TlsContext presenting in presenter.Contexts)
            {
                if (presenting.Presents is { } leaf && leaf.NotAfter > time.True && !_overruled.Contains(leaf.Serial))
                {
                    Pairs++;
                    if (!leaf.Roots.Overlaps(bundle.Roots))
                    {
                        throw new Violation("pair", $"{verifier.Name} enforces epoch {bundle.Epoch} {bundle.Roots} and refuses {presenter.Name} with leaf {leaf.Serial[..6]} from {leaf.Roots}");
                    }
                }
            }
        }
    }

    // Mutual TLS needs an unexpired leaf on both sides; a consumer of the bundle alone counts once the roster has it.
    private bool CanTalk(SimulatedEnvoy envoy, TlsContext context)
    {
        if (context.Leaf is not null)
        {
            return context.Presents is { } leaf && leaf.NotAfter > time.True;
        }

        if (_rostered.Contains(envoy.Key))
        {
            return true;
        }

        foreach (RosterEntry entry in store.Roster.Values)
        {
            if (entry.Key == envoy.Key)
            {
                _rostered.Add(envoy.Key);
                return true;
            }
        }

        // A crash that the roster entry did not outlive: whoever comes back in time is waited for (rule E2).
        return _enrolling.TryGetValue(envoy.Key, out TimeSpan begun)
            && (begun == server.StartedAt || (envoy.OpenedAt < server.StartedAt && time.Up < server.StartedAt + policy.ReconnectWindow));
    }

    /// <summary>An operator wants to retire what is alive. If its connection ends before he is heard, it is retired, by his mistake.</summary>
    public void OnMistaken(string instanceId, SimulatedEnvoy envoy) => _mistaken[instanceId] = envoy;

    /// <summary>E10: nobody waits for an authority that cannot sign while the plan has one that can.</summary>
    private static void CheckHeld(TrustDomainEngine engine)
    {
        TrustState state = engine.State;
        if (state.Plan is not { } plan || !(CanSign(plan.From) || CanSign(plan.To)))
        {
            return;
        }

        bool CanSign(string authorityId) => state.Authority(authorityId) is { Tainted: false } authority && state.IsSafe(authority.RootId, state.Floor);
        if (engine.Instances().FirstOrDefault(view => view is { Connected: true, HeldBecause: "not every member enforces the signer's root yet" }) is { } held)
        {
            throw new Violation("E10", $"{held.Key.NodeId} gets no leaf although {(CanSign(plan.From) ? plan.From : plan.To)} could sign one");
        }
    }

    private void NotePassedOver(SaveState save)
    {
        if (save.Entry is { Kind: DecisionKind.RetireInstance } retired
            && _mistaken.FirstOrDefault(mistake => retired.Action.Contains(mistake.Key, StringComparison.Ordinal)).Value is { } envoy)
        {
            _passedOver.Add(envoy.Key.SpiffeId);
            _overruled.UnionWith(store.Ledger.Where(row => row.Key == envoy.Key).Select(row => row.Serial));
        }

        if (save.Entry is { Kind: DecisionKind.OverrideGate } entry)
        {
            foreach (string passed in entry.Reason.Split("; "))
            {
                bool isLink = passed.Contains("the server's own certificate", StringComparison.Ordinal);
                (isLink ? _unlinked : _passedOver).UnionWith(envoys.Select(envoy => envoy.Key.SpiffeId).Where(id => passed.Contains(id + " ", StringComparison.Ordinal)));
            }

            // The ledger may never hear of it: the server can die in between.
            _overruled.UnionWith(store.Ledger.Select(row => row.Serial).Where(serial => entry.Reason.Contains(serial, StringComparison.Ordinal)));
        }
    }

    private bool IsPassedOver(SimulatedEnvoy envoy) => _passedOver.Contains(envoy.Key.SpiffeId);

    /// <summary>E5: the new authority signs for nobody whom its waves have not reached, unless the old one must not sign.</summary>
    private void CheckWave(LedgerRow row)
    {
        TrustState state = store.State;
        if (state.Plan is { Goal: RotationGoal.Forward } plan && row.AuthorityId == plan.To && state.Signer != plan.To && !state.Authority(state.Signer).Tainted
            && !WaveAssignment.Reaches(plan, WaveAssignment.PlaceOf(plan.Id, row.Key.SpiffeId, row.Key.NodeId), ProxyTraits.Of(row.Key.SpiffeId)))
        {
            throw new Violation("E5", $"{row.Key.NodeId} gets a leaf from {plan.To} before a wave has reached it");
        }
    }

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
            if (plan.Hold is not null || kind == GateKind.Approval)
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
                _wallAccepted = time.WallError;
                _wallWasWrong = true;
                break;
            case DecisionKind.SetSigner when heeds && gate == Gate.G2 && !entry.Action.EndsWith($"wave {plan.WavesBegun}", StringComparison.Ordinal) && !envoys.Any(envoy => Holds(envoy, old.RootOf(plan.To).Id)) && envoys.Any(IsSettled):
                throw new Violation("G2", "the next wave begins before anybody uses a leaf of the new authority");
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
            case DecisionKind.FinishRotation when envoys.FirstOrDefault(envoy => envoy.Alive && !IsPassedOver(envoy) && StillTrusts(envoy, outgoing)) is { } behind && !old.Trusts(outgoing):
                throw new Violation("G4", $"the rotation ends while {behind.Name} still enforces root {outgoing}");
        }
    }

    private static bool Presents(SimulatedEnvoy envoy, string root) => envoy.Contexts.Exists(context => context.Presents is { } leaf && leaf.Roots.Contains(root));

    // It has accepted one; whether a source that has not asked yet keeps it from use nobody can know.
    private static bool Holds(SimulatedEnvoy envoy, string root) =>
        Presents(envoy, root) || envoy.Sources.Exists(source => source is { Kind: SecretKind.Leaf, HasAccepted: true, Stored: { } leaf } && leaf.Roots.Contains(root));

    private bool IsSettled(SimulatedEnvoy envoy) => envoy.Alive && envoy.Connection is not null && envoy.Contexts.Exists(context => context.Presents is { } leaf && leaf.NotAfter > time.True);

    // One that has accepted nothing on its streams looks new to the server, and delays nobody.
    private bool Refuses(SimulatedEnvoy envoy) => envoy.Alive && !IsPassedOver(envoy) && !IsHeededNoMore(envoy)
        && envoy.Contexts.TrueForAll(context => context.Presents is { } leaf && leaf.NotAfter > time.True) && envoy.Sources.TrueForAll(static source => source.HasAccepted) && envoy.Sources.Exists(static source => source is { Refused: true, Removed: false });

    // An identity whose other processes have refused for long (ADR 22). The engine knows since when without a break; here it is at most since the first time.
    private bool IsHeededNoMore(SimulatedEnvoy envoy) =>
        envoys.Any(other => other != envoy && other.Key.SpiffeId == envoy.Key.SpiffeId)
        && _refusedAt.TryGetValue(envoy.Key.SpiffeId, out TimeSpan first) && time.Up > first + policy.QuarantineAfter;

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
