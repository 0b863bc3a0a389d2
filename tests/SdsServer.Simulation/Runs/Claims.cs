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
internal sealed partial class Claims(VirtualTime time, VirtualServer server, MemoryStore store, IReadOnlyList<SimulatedEnvoy> envoys, FleetPolicy policy)
{
    // The bundle of every epoch there was, by the state that was durable.
    private readonly Dictionary<long, RootSet> _bundles = [];
    private readonly HashSet<string> _requests = [];

    // Monotonic times: when every member had first reached the epoch that brought a root, and when a leaf under it was last in force.
    private readonly Dictionary<(string Root, long Since), TimeSpan> _reached = [];
    private readonly Dictionary<string, TimeSpan> _lastPresented = [];

    // How wrong the clock was when each order to accept it was given that has no answer yet.
    private readonly Queue<TimeSpan> _clockOrders = [];
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
    private TrustState? _asked;
    private readonly HashSet<string> _passedOver = [];

    private readonly HashSet<string> _leftSilent = [];

    // They lose their link to the server, and nothing else.
    private readonly HashSet<string> _unlinked = [];
    private readonly Dictionary<string, SimulatedEnvoy> _mistaken = [];

    // By identity, the monotonic time of the first refusal that the server heard of, and on which connection.
    private readonly Dictionary<string, (TimeSpan At, long? Connection)> _refusedAt = [];

    // In which order leaves were wanted in the ledger.
    private readonly Dictionary<string, int> _issued = [];

    // How many had been wanted when each was handed to a stream for the first time.
    private readonly Dictionary<string, int> _handedOver = [];

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
                _asked = save.State;
                CheckState(store.State, save.State);
                CheckDecision(store.State, save);
                NotePassedOver(save);
                CheckServing(store.State, save.State);
                break;
            case SignLeaf sign when sign.Earliest > time.True + policy.MaxSkew:
                throw new Violation("I4", $"a leaf is asked for that begins at {sign.Earliest:u}, when it is {time.True:u}");
            case SignLeaf sign:
                CheckSign(sign);
                break;
            case WriteRoster write:
                _enrolling[write.Entry.Key] = server.StartedAt;
                break;
            case WriteLedger write:
                _issued.TryAdd(write.Insert.Row.Serial, _issued.Count);
                CheckLeaf(write.Insert.Row);
                CheckWave(write.Insert.Row);
                CheckStays(write.Insert.Row);
                break;
            case Noted { Text: { } text } when text.StartsWith("invariant", StringComparison.Ordinal):
                throw new Violation("the engine's own", text);
        }
    }

    /// <summary>An operator has looked at the clock, and accepts it.</summary>
    public void OnClockOrder() => _clockOrders.Enqueue(time.WallError);

    /// <summary>The first of these orders is answered.</summary>
    public void OnClockAnswer() => _clockOrders.TryDequeue(out _);

    /// <summary>After each event: the floor, and all pairs when anything that they depend on has moved.</summary>
    /// <param name="heard">Null: a term has begun. It may begin at a lower floor, for the stored one lags behind.</param>
    public void OnEvent(EngineEvent? heard)
    {
        NoteState();
        if (heard is null)
        {
            ForgetTerm();
            // Who was not back within its window, in the life after the one that wanted it on the roster, is no member any more.
            if (server.StartedAt - _begun >= policy.ReconnectWindow)
            {
                _enrolling.Where(wanted => wanted.Value < _begun).ToList().ForEach(wanted => _enrolling.Remove(wanted.Key));
            }

            _begun = server.StartedAt;
            _clockOrders.Clear();
            _floor = 0;
            bool gap = store.State.Plan is not null && (time.Now.Utc - store.State.SeenAt).Duration() > policy.MaxSkew;
            _wallAccepted = gap ? _wallAccepted : time.WallError;
        }

        _wallWasWrong |= time.WallError != TimeSpan.Zero;
        if (server.Engine is not { } engine)
        {
            return;
        }

        if (heard is not null)
        {
            CheckHeard(heard);
        }

        CheckLeft(engine);

        if (_revision != _checkedRevision)
        {
            _checkedRevision = _revision;
            CheckHeld(engine);
            CheckSeen(engine);
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

                if (other.Kind != source.Kind && other.Kind != SecretKind.TicketKeys && source.Kind != SecretKind.TicketKeys && other.Client.Stream?.Connection == source.Client.Stream?.Connection)
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

        NoteOwed(envoy, delivery.Payload!);
        source.UnansweredSince = time.Up;
        if (source.Kind == SecretKind.TicketKeys)
        {
            CheckTickets(envoy);
        }

        if (delivery.Payload is LeafPayload leaf)
        {
            _handedOver.TryAdd(leaf.Serial, _issued.Count);
        }
    }

    /// <summary>E1: whoever has a leaf on a stream must be able to show it by the version of what it accepts there, whatever comes.</summary>
    public static void OnAccepted(SimulatedEnvoy envoy, XdsClient client, string version)
    {
        if (client.Dialect == Dialect.Sotw && SecretVersion.LeafSerial(version) is null
            && client.Sources.Exists(static source => source is { Kind: SecretKind.Leaf, HasAccepted: true, Removed: false }))
        {
            throw new Violation("E1", $"{envoy.Name} accepts version {version} on a stream on which it holds a leaf, and will come back as nobody");
        }
    }

    /// <summary>E1: who says which leaf it holds goes on as the process that was given it.</summary>
    /// <param name="said">The version that the stream reported.</param>
    public void OnOpened(SimulatedEnvoy envoy, string? said)
    {
        if (_owed.TryGetValue(envoy, out LedgerRow? owed) && SecretVersion.LeafSerial(said) == owed.Serial)
        {
            _owed.Remove(envoy);
        }

        if (SecretVersion.LeafSerial(said) is { } serial && store.Row(serial) is { } row && row.Key == envoy.Key
            && server.Engine?.Find(row.InstanceId) is { Connected: false } holder && holder.Outstanding.Any(leaf => leaf.Serial == serial))
        {
            throw new Violation("E1", $"{envoy.Name} says that it holds leaf {serial[..6]}, and whoever was given that is still taken to be away");
        }
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
            case LeafPayload leaf when source.Stored is { } held && held.NotAfter > time.True && envoy.Contexts.Exists(context => context.Leaf == source && context.Presents == held) && !envoy.Spoilt.Contains(held.Text) && IsKnownToBeOlder(leaf.Serial, held.Serial) && _issued.GetValueOrDefault(leaf.Serial) < _issued.GetValueOrDefault(held.Serial):
                throw new Violation("I6", $"{envoy.Name}/{source} goes back from leaf {held.Serial[..6]} to the older {leaf.Serial[..6]}");
            case BundlePayload bundle when bundle.Epoch > store.State.Epoch:
                throw new Violation("I7", $"the bundle of epoch {bundle.Epoch} is sent before the state is durable");
            case BundlePayload bundle when source.Stored is { } old && old.Epoch > bundle.Epoch:
                throw new Violation("I6", $"{envoy.Name}/{source} goes back from epoch {old.Epoch} to {bundle.Epoch}");
        }
    }

    // Where one process was taken for two, what was under way for the one may come after what the other has; not what it had already, once the two are known to be one.
    private bool IsKnownToBeOlder(string serial, string held) =>
        store.Row(serial)?.InstanceId == store.Row(held)?.InstanceId
        || (_handedOver.TryGetValue(serial, out int before) && before <= _issued.GetValueOrDefault(held) && server.Engine?.Find(store.Row(held)!.InstanceId) is null);

    /// <summary>I7: the slots of a process that is known by its leaf are durable before anything goes out on them.</summary>
    private void CheckSlots(SimulatedEnvoy envoy, SecretKind kind)
    {
        if (kind == SecretKind.TicketKeys || envoy.Sources.Find(static source => source is { Kind: SecretKind.Leaf, HasAccepted: true, Refused: false, UnansweredSince: null, Stored: not null }) is not { } known
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
        _answeredAt[envoy] = time.Up;
        if (source.Kind == SecretKind.Leaf)
        {
            _owed.Remove(envoy);
        }

        source.UnansweredSince = null;
        source.Refused = refused;
        source.HasAccepted |= !refused;
        if (!refused && envoy.Contexts.Exists(static context => context is { Presents: { } leaf, Leaf: { } held } ? held.Says(leaf.Serial) : context is { Leaf: null, Enforces: not null }))
        {
            _talksSince.TryAdd(envoy, time.Up);
        }

        if (refused && source.Sent is { } sent)
        {
            envoy.Spoilt.Add(sent);
            _refusedAt.TryAdd(envoy.Key.SpiffeId, (time.Up, envoy.Connection));
        }
    }

    /// <summary>Unexpired, and from this authority.</summary>
    public bool IsGood(HeldSecret leaf, string authority) => leaf.NotAfter > time.True && store.Row(leaf.Serial)?.AuthorityId == authority;

    private static string Text(SecretPayload payload) => payload switch
    {
        BundlePayload bundle => System.Text.Encoding.UTF8.GetString(bundle.Pem.Span),
        LeafPayload leaf => System.Text.Encoding.UTF8.GetString(leaf.ChainPem.Span),
        _ => payload.Version,
    };

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

    /// <summary>An operator wants to retire what is alive. If its connection ends before he is heard, it is retired, by his mistake.</summary>
    public void OnMistaken(string instanceId, SimulatedEnvoy envoy) => _mistaken[instanceId] = envoy;

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
            // Where the root stays, a leaf that is passed over works on, and everybody must go on to accept it.
            bool breaks = store.State.Plan is not { } plan || store.State.RootOf(plan.Outgoing).Id != store.State.RootOf(plan.Target).Id;

            // What follows "Also" tells who loses its link, and not whom the order has passed over.
            string[] told = entry.Reason.Split(". Also: ");
            foreach (string passed in told[0].Split("; ").Concat(told.Skip(1)))
            {
                if (!breaks && store.Ledger.Any(row => passed.Contains(row.Serial, StringComparison.Ordinal)))
                {
                    continue;
                }

                bool isLink = passed.Contains("the server's own certificate", StringComparison.Ordinal);
                (isLink ? _unlinked : _passedOver).UnionWith(envoys.Select(envoy => envoy.Key.SpiffeId).Where(id => passed.Contains(id + " ", StringComparison.Ordinal)));
            }

            // The ledger may never hear of it: the server can die in between.
            _overruled.UnionWith(store.Ledger.Select(row => row.Serial).Where(serial => breaks && entry.Reason.Contains(serial, StringComparison.Ordinal)));
        }
    }

    private bool IsPassedOver(SimulatedEnvoy envoy) => _passedOver.Contains(envoy.Key.SpiffeId);
}
