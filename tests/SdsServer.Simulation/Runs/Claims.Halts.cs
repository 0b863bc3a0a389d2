using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Simulation.Envoys;

namespace SdsServer.Simulation.Runs;

/// <summary>What a rotation that goes wrong does to whom it has not reached yet: nothing more (ADR 13).</summary>
internal sealed partial class Claims
{
    // How long an authority that has failed is taken to fail still, unless it signs.
    private static readonly TimeSpan s_failureCounts = TimeSpan.FromMinutes(2);

    // So long it may take at most until a process that is there is served: a slow signer, a store that fails, a few tries.
    private static readonly TimeSpan s_served = TimeSpan.FromMinutes(4);

    // By what this term has heard: since when an authority fails that has not signed since, and when one failed last.
    private readonly Dictionary<string, TimeSpan> _failing = [];
    private readonly Dictionary<InstanceKey, TimeSpan> _pendingAt = [];
    private readonly Dictionary<string, TimeSpan> _lastFailed = [];
    private readonly Dictionary<long, string> _tickets = [];
    private readonly List<(TrustState Old, TrustState Next, Decision Entry)> _decided = [];

    // Whose refusal an operator has gone on in spite of, and who was issued a leaf because an operator wanted it.
    private readonly HashSet<string> _excused = [];
    private readonly HashSet<InstanceKey> _repushed = [];

    // By instance, the plan in which this term has signed for it by the new authority.
    private readonly Dictionary<string, string> _inWave = [];

    // Whose admin has shown a leaf of which authority, ever.
    private readonly HashSet<(SimulatedEnvoy Envoy, string Authority)> _shown = [];
    private readonly Dictionary<SimulatedEnvoy, TimeSpan> _talksSince = [];
    private readonly Dictionary<SimulatedEnvoy, TimeSpan> _answeredAt = [];

    // Who uses a leaf of the old authority, and has answered none of those that the new one has signed for it: the last of these.
    private readonly Dictionary<SimulatedEnvoy, LedgerRow> _owed = [];

    // Orders to move nobody more that this term has not answered.
    private int _stops;
    private TimeSpan _heldAt;
    private TimeSpan _waveAt;

    /// <summary>An operator has a process issued anew.</summary>
    public void OnRepush(InstanceKey key) => _repushed.Add(key);

    /// <summary>An operator has ordered something that stops the waves, should it be done.</summary>
    public void OnStopOrdered() => _stops++;

    public void OnStopAnswered() => _stops--;

    private void ForgetTerm()
    {
        _owed.Clear();
        _stops = 0;
        _failing.Clear();
        _lastFailed.Clear();
        _tickets.Clear();
        _decided.Clear();
        _excused.Clear();
        _inWave.Clear();
    }

    /// <summary>What the engine has just heard, and then what it has decided by it.</summary>
    private void CheckHeard(EngineEvent heard)
    {
        switch (heard)
        {
            case LeafSignFailed failed when _tickets.Remove(failed.Ticket, out string? authority):
                _failing.TryAdd(authority, time.Up);
                _lastFailed[authority] = time.Up;
                break;
            case LeafSigned signed when _tickets.Remove(signed.Ticket, out string? authority):
                _failing.Remove(authority);
                break;
            // It may use the next one of the same authority by now.
            case ProxyProbed { Found: true } probed when store.Row(probed.Serial) is { } row
                && envoys.FirstOrDefault(envoy => envoy.Alive && envoy.Key == row.Key && (Uses(envoy, probed.Serial) || envoys.Count(other => other.Alive && other.Key == row.Key) == 1)) is { } shown:
                _shown.Add((shown, row.AuthorityId));
                break;
        }

        foreach ((TrustState old, TrustState next, Decision entry) in _decided)
        {
            CheckSigner(old, next, old.Plan!, entry);
            CheckShown(old, old.Plan!, entry);
        }

        _decided.Clear();
    }

    /// <summary>G1, G2, G3, G4: nothing is opened for an authority that cannot sign.</summary>
    private void CheckSigner(TrustState old, TrustState next, RotationPlan plan, Decision entry)
    {
        Gate gate = plan is { WavesBegun: > 0, Goal: RotationGoal.Forward } ? Gate.G2 : Gate.G1;
        bool opens = entry.Kind switch
        {
            DecisionKind.SetSigner => plan.Goal == RotationGoal.Back || plan.Policy.At(gate).Kind != GateKind.Time,
            DecisionKind.DropTrust => entry.Subject == old.RootOf(plan.Outgoing).Id,
            DecisionKind.FinishRotation => next.RootOf(plan.Outgoing).Id == next.RootOf(plan.Target).Id,
            _ => false,
        };
        if (opens && _failing.ContainsKey(plan.Target)
            && (HasFailed(plan.Target, s_failureCounts) || (entry.Kind != DecisionKind.SetSigner && time.Up > _waveAt + s_served && envoys.FirstOrDefault(Starves) is not null)))
        {
            throw new Violation("signer", $"'{entry.Action}' although {plan.Target} has failed {(time.Up - _lastFailed[plan.Target]).TotalSeconds:0} s ago, and has not signed since");
        }
    }

    /// <summary>G3: where Envoy's own word is the evidence, it is waited for.</summary>
    private void CheckShown(TrustState old, RotationPlan plan, Decision entry)
    {
        if (entry is { Kind: DecisionKind.DropTrust, Actor: "engine" } && entry.Subject == old.RootOf(plan.Outgoing).Id
            && plan is { Goal: RotationGoal.Forward, Kind: not RotationKind.Emergency, Policy.Evidence: LeafEvidence.EnvoyAdmin }
            && envoys.FirstOrDefault(envoy => IsUnheard(envoy, plan.To) && !IsQuarantined(envoy)) is { } unheard)
        {
            throw new Violation("G3", $"root {entry.Subject} is dropped before the admin of {unheard.Name} has shown its new leaf");
        }
    }

    /// <summary>E4, E5: nobody more is moved while somebody refuses or leaves its new leaf unanswered; a hold stops its own wave.</summary>
    private void CheckSign(SignLeaf sign)
    {
        _tickets[sign.Ticket] = sign.AuthorityId;
        _wallWasWrong |= time.WallError != TimeSpan.Zero;
        if (server.Engine is not { State: { Plan: { Kind: not RotationKind.Emergency } plan } state } || sign.AuthorityId != plan.To || _wallWasWrong || !CanSign(state, plan.From) || HasFailed(plan.From, s_failureCounts)
            || envoys.Where(envoy => envoy.Alive && envoy.Key.SpiffeId == sign.Workload.SpiffeId).ToList() is not [var moved] || LeafInUse(moved) is not { } row || row.AuthorityId != plan.From
            || server.Engine.Instances().Count(view => view.Connected && view.Key.SpiffeId == sign.Workload.SpiffeId) != 1)
        {
            // It may be for another one, of whose end the server has not heard.
            return;
        }

        bool isBegun = store.Ledger.Any(other => other.Key == moved.Key && other.AuthorityId == plan.To && other.State != LeafState.Superseded);
        if (plan is { Hold: { } hold, DrainedAt: null } && !isBegun)
        {
            throw new Violation("E4", $"{moved.Name}, which uses a leaf of {plan.From}, is moved to {plan.To} although the rotation is held: {hold.Reason}");
        }

        if (plan is { Goal: RotationGoal.Back, DrainedAt: null } && !isBegun)
        {
            throw new Violation("E4", $"{moved.Name}, which uses a leaf of {plan.From}, is moved to {plan.To} although the rotation has been turned back");
        }

        if (plan.Goal == RotationGoal.Back)
        {
            return;
        }

        if (_stops > 0 && !isBegun)
        {
            throw new Violation("E4", $"{moved.Name}, which uses a leaf of {plan.From}, is moved to {plan.To} while an order to stop waits");
        }

        SimulatedEnvoy? refusing = envoys.FirstOrDefault(other => Refuses(other) && !_excused.Contains(other.Key.SpiffeId));
        if (refusing is not null && !isBegun)
        {
            throw new Violation("E5", $"{moved.Name} is moved to {plan.To} while {refusing.Name} refuses what it was sent");
        }

        // What is renewed for another reason is moved in passing.
        bool isYoung = row.NotBefore >= time.True - (time.Up - server.StartedAt) && time.True < row.NotBefore + ((row.NotAfter - row.NotBefore) * 0.4);
        if (!isYoung || plan.Policy.LeafLifetime is not null || _repushed.Contains(moved.Key))
        {
            return;
        }

        if (refusing is not null)
        {
            throw new Violation("E5", $"{moved.Name} is moved to {plan.To} while {refusing.Name} refuses what it was sent");
        }

        if (envoys.FirstOrDefault(other => other != moved && IsMute(other, plan)) is { } mute)
        {
            throw new Violation("E5", $"{moved.Name} is moved to {plan.To} while {mute.Name} leaves its new leaf unanswered");
        }

        if (Owing(plan, moved) is { } owing)
        {
            throw new Violation("E5", $"{moved.Name} is moved to {plan.To} while {owing.Name} owes an answer to its new leaf");
        }
    }

    /// <summary>E5: nobody leaves a wave.</summary>
    private void CheckStays(LedgerRow row)
    {
        if (server.Engine is not { State: { Plan: { Goal: RotationGoal.Forward } plan } state })
        {
            return;
        }

        if (row.AuthorityId == plan.To)
        {
            _inWave[row.InstanceId] = plan.Id;
        }
        // What is being written may be a hold, or be what an order to stop waits for.
        else if (row.AuthorityId == plan.From && plan.Hold is null && !(_asked?.Revision > state.Revision) && _inWave.GetValueOrDefault(row.InstanceId) == plan.Id && CanSign(state, plan.To) && !HasFailed(plan.To, s_failureCounts))
        {
            throw new Violation("E5", $"{row.Key.NodeId} goes back to {plan.From} while the waves of {plan.To} are under way");
        }
    }

    /// <summary>E10: whose leaf comes to its end is not left without one because one of the plan's two authorities does not sign.</summary>
    private void CheckLeft(TrustDomainEngine engine)
    {
        if (_failing.Count == 0 || _wallWasWrong || engine.State is not { Plan: { WavesBegun: > 0 } plan } state)
        {
            return;
        }

        // Who has not shown all its sources gets no leaf for that.
        foreach (InstanceView pending in engine.Instances().Where(static view => view is { Connected: true, Member: false }))
        {
            _pendingAt[pending.Key] = time.Up;
        }

        // Whom the waves have not reached the old authority leaves without a leaf as it would without a rotation.
        string? failing = plan.Goal == RotationGoal.Forward && FailsFor(plan.To) ? plan.To : plan.Kind != RotationKind.Emergency && FailsFor(plan.From) ? plan.From : null;
        string other = failing == plan.To ? plan.From : plan.To;
        if (failing is not null && time.Up > _waveAt + s_served && !HasFailed(other, s_served) && CanSign(state, other)
            && envoys.FirstOrDefault(envoy => Starves(envoy) && (failing == plan.To || !Reached(envoy, plan).Contains(false)) && time.Up > _pendingAt.GetValueOrDefault(envoy.Key) + s_served && !IsQuarantined(envoy)) is { } left)
        {
            throw new Violation("E10", $"{left.Name} has no leaf because {failing} fails, and {other} could sign one");
        }
    }

    private bool FailsFor(string authority) => _failing.TryGetValue(authority, out TimeSpan since) && time.Up > since + s_served;

    /// <summary>The drain list: whoever may have run since before a root was dropped is not dated later than it came.</summary>
    private void CheckSeen(TrustDomainEngine engine)
    {
        if (_wallWasWrong)
        {
            return;
        }

        foreach ((SimulatedEnvoy envoy, TimeSpan since) in _talksSince)
        {
            if (IsThere(envoy) && SeenAt(engine, envoy) is { } seen && seen > time.True - (time.Up - since) + TimeSpan.FromSeconds(1))
            {
                throw new Violation("drain", $"{envoy.Name} is said to have come at {seen:HH:mm:ss}, {(time.Up - since).TotalSeconds:0} s after it began to talk");
            }
        }
    }

    private DateTimeOffset? SeenAt(TrustDomainEngine engine, SimulatedEnvoy envoy)
    {
        if (envoy is { Workload.BundleOnly: true, Sources: [_] })
        {
            return engine.Instances().Where(view => view.Key == envoy.Key).ToList() is [var consumer] ? consumer.FirstSeen : null;
        }

        return !envoy.Sources.Exists(static source => source.Removed) && LeafInUse(envoy) is { } row && engine.Find(row.InstanceId)?.FirstSeen is { } seen ? seen : null;
    }

    // A decision of the engine about a plan that is held, or in its waves.
    private void CheckHalt(TrustState old, TrustState next, RotationPlan plan, Decision entry)
    {
        if (next.Plan is { Hold: { } held } && held != plan.Hold)
        {
            _heldAt = time.Up;
        }

        if (next.Plan?.Goal != plan.Goal)
        {
            _inWave.Clear();
        }

        switch (entry.Kind)
        {
            case DecisionKind.UnholdRotation when entry.Actor == "engine" && plan is { Hold: { Cause: HoldCause.Nack or HoldCause.Silent } hold } && _heldAt < server.StartedAt:
                throw new Violation("E4", $"a restart lifts a hold: {hold.Reason}");
            case DecisionKind.UnholdRotation when plan is { Hold.Cause: HoldCause.Nack }:
                _excused.UnionWith(envoys.Where(static envoy => envoy.Sources.Exists(static source => source.Refused)).Select(static envoy => envoy.Key.SpiffeId));
                break;
            case DecisionKind.SetSigner when next.Plan is { WavesBegun: > 0 } begun:
                CheckPace(plan, begun, entry);
                break;
        }

        // By a role, too, a proxy's turn comes.
        _waveAt = next.SignerRevision != old.SignerRevision ? time.Up : _waveAt;
    }

    /// <summary>G2: a wave is watched for its soak; others take the place of whoever is gone only when it had its time to come back.</summary>
    private void CheckPace(RotationPlan plan, RotationPlan begun, Decision entry)
    {
        if (begun.WavesBegun > plan.WavesBegun && plan.WavesBegun > 0 && plan.Kind != RotationKind.Emergency && entry.Actor == "engine" && plan.Policy.WaveGate.Kind != GateKind.Time && _passedOver.Count == 0 && Owing(plan, null) is { } owing)
        {
            throw new Violation("G2", $"'{entry.Action}' while {owing.Name} owes an answer to its new leaf");
        }

        TimeSpan soak = plan.WavesBegun == plan.CanaryWave ? plan.Policy.CanarySoak : plan.Policy.WaveSoak;
        TimeSpan wait = begun.WavesBegun > plan.WavesBegun ? soak : policy.ReconnectWindow;
        if (plan is { WavesBegun: > 0, Kind: not RotationKind.Emergency } && entry.Actor == "engine" && plan.Policy.WaveGate.Kind != GateKind.Time && !_wallWasWrong && _passedOver.Count == 0 && _leftSilent.Count == 0 && time.Up < _waveAt + wait)
        {
            throw new Violation("G2", $"'{entry.Action}' {(time.Up - _waveAt).TotalSeconds:0} s after wave {plan.WavesBegun} began, and not after {wait.TotalSeconds:0} s");
        }
    }

    // Its tickets would outlive what it has accepted under a root that is gone. While some of its streams are away, it may be taken for another process.
    private void CheckTickets(SimulatedEnvoy envoy)
    {
        TrustState state = server.Engine!.State;
        if (!IsPassedOver(envoy) && envoy.Contexts.Find(context => context.Enforces is { } bundle && bundle.Roots.And(RootSet.Of(state.Bundle)) != bundle.Roots && CanTalk(envoy, context)) is { Enforces: { } enforced })
        {
            throw new Violation("tickets", $"{envoy.Name} enforces {enforced.Roots}, and is sent ticket keys of after that");
        }
    }

    private static bool IsThere(SimulatedEnvoy envoy) =>
        envoy is { Alive: true, Connection: not null } && envoy.Clients.TrueForAll(client => client.Stream is { IsServed: true } stream && stream.Connection == envoy.Connection);

    private bool HasFailed(string authority, TimeSpan within) => _lastFailed.TryGetValue(authority, out TimeSpan at) && time.Up < at + within;

    private bool CanSign(TrustState state, string authorityId) =>
        state.Authority(authorityId) is { Tainted: false } authority && state.IsSafe(authority.RootId, state.Floor) && _asked?.Trusts(authority.RootId) != false;

    private static bool Uses(SimulatedEnvoy envoy, string serial) => envoy.Contexts.Exists(context => context.Presents?.Serial == serial);

    /// <summary>The one leaf that a process has accepted on each of its streams, and was sent nothing after.</summary>
    private LedgerRow? LeafInUse(SimulatedEnvoy envoy)
    {
        string? text = null;
        foreach (SecretSource source in envoy.Sources)
        {
            if (source is { Kind: SecretKind.Leaf, Removed: false })
            {
                bool isIt = source is { HasAccepted: true, Refused: false, UnansweredSince: null, Stored: { } held, Client.Stream.IsServed: true }
                    && source.Sent == held.Text && source.Client.Stream.Connection == envoy.Connection && held.Text == (text ?? held.Text);
                text = isIt ? source.Stored!.Text : "";
            }
        }

        return text is { Length: > 0 } && envoy.Contexts.TrueForAll(context => context.Leaf is null || context.Presents?.Text == text) && envoy.Contexts.Find(static context => context.Presents is not null) is { } using_
            && using_.Presents!.NotAfter > time.True && !_overruled.Contains(using_.Presents.Serial)
            ? store.Row(using_.Presents.Serial)
            : null;
    }

    // The only process of its identity there ever was, so that no other speaks or is excused for it.
    private bool IsMute(SimulatedEnvoy envoy, RotationPlan plan) =>
        envoy.Manner is { Aggregated: false } && IsThere(envoy) && !IsPassedOver(envoy) && !_leftSilent.Contains(envoy.Key.SpiffeId) && !Reached(envoy, plan).Contains(false)
        && envoys.Count(other => other.Key.SpiffeId == envoy.Key.SpiffeId) == 1
        && envoy.Sources.Exists(source => source is { Kind: SecretKind.Leaf, Removed: false, Sent: { } sent, UnansweredSince: { } since }
            && time.Up > since + policy.AckTimeout + TimeSpan.FromSeconds(1) && store.Row(sent.Split('|')[0]) is { } row && row.AuthorityId == plan.To && row.NotBefore >= plan.StartedAt && row.NotAfter > time.True);

    private void NoteOwed(SimulatedEnvoy envoy, SecretPayload sent)
    {
        if (sent is LeafPayload leaf && store.Row(leaf.Serial) is { } row && store.State.Plan is { Goal: RotationGoal.Forward } plan && row.AuthorityId == plan.To
            && (_owed.ContainsKey(envoy) || LeafInUse(envoy)?.AuthorityId == plan.From))
        {
            _owed[envoy] = row;
        }
    }

    // As for who is mute, and there or not: while its old leaf lasts, nobody may know what the new one has done to it.
    private SimulatedEnvoy? Owing(RotationPlan plan, SimulatedEnvoy? moved) => _wallWasWrong ? null : _owed.FirstOrDefault(owed =>
        owed.Key is var envoy && envoy != moved && owed.Value is var row && row.AuthorityId == plan.To && row.NotBefore >= plan.StartedAt && row.NotAfter > time.True
        && server.Engine!.Find(row.InstanceId) is { } view && view.Outstanding.Any(old => old.AuthorityId == plan.From && old.NotAfter > time.True) && !view.Outstanding.Any(known => known.AuthorityId == plan.To && known.State == LeafState.Acked)
        && envoy.Manner is { Aggregated: false } && !IsPassedOver(envoy) && !_leftSilent.Contains(envoy.Key.SpiffeId) && !_excused.Contains(envoy.Key.SpiffeId)
        && !Reached(envoy, plan).Contains(false) && envoys.Count(other => other.Key.SpiffeId == envoy.Key.SpiffeId) == 1).Key;

    // It holds a leaf of this authority that it has refused nowhere, and its admin has shown none.
    private bool IsUnheard(SimulatedEnvoy envoy, string authority) =>
        envoy is { Alive: true, Admin: not null } && (IsThere(envoy) || time.Up < server.StartedAt + policy.ReconnectWindow) && !IsPassedOver(envoy) && !_leftSilent.Contains(envoy.Key.SpiffeId) && !_excused.Contains(envoy.Key.SpiffeId) && !_shown.Contains((envoy, authority))
        && envoy.Contexts.TrueForAll(context => context.Leaf is null || (context.Presents is { } leaf && leaf.NotAfter > time.True && store.Row(leaf.Serial) is { } row && row.AuthorityId == authority && row.State != LeafState.Nacked))
        && store.Ledger.Any(row => row.Key == envoy.Key && row.AuthorityId != authority);

    private bool IsQuarantined(SimulatedEnvoy envoy) => server.Engine!.Instances().Any(view => view.Key == envoy.Key && view.Quarantined);

    // It has been there for long, with all its streams, has long trusted what everybody does, hides nothing, and has no leaf.
    private bool Starves(SimulatedEnvoy envoy) =>
        envoy is { Silent: false, Stubborn: false, IsMute: false } && IsThere(envoy) && !IsPassedOver(envoy) && time.Up > envoy.OpenedAt + s_served && time.Up > server.StartedAt + s_served && time.Up > _answeredAt.GetValueOrDefault(envoy) + s_served
        && envoy.Spoilt.Count == 0 && envoy.Sources.TrueForAll(static source => source is { UnansweredSince: null })
        && envoy.Contexts.Exists(static context => context.Leaf is not null)
        && envoy.Contexts.TrueForAll(context => context.Enforces?.Epoch == _epoch)
        && !envoy.Contexts.Exists(context => context.Presents is { } leaf && leaf.NotAfter > time.True);
}
