using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>
/// The one serial owner of a trust domain's evidence, epoch and ledger: an event in, effects out. Does no I/O, reads no clock,
/// is not safe for concurrent use, and gives the same effects for the same events, seeds and times.
/// </summary>
/// <remarks>
/// It keeps the promise of rule I1: whatever leaf a proxy may present, every bundle that another may enforce vouches for it.
/// The order is state, then ledger, then bytes, then evidence: a crash between any two only counts too much.
/// </remarks>
public sealed partial class TrustDomainEngine
{
    // Remembering more keys than this would let a caller that invents node ids fill the memory.
    private const int MaxKeys = 100_000;
    private const int MaxKeysOfIdentity = 10_000;
    private const int FewOldSlots = 1_000;
    private static readonly TimeSpan SlotMemory = TimeSpan.FromDays(7);

    private readonly FleetPolicy _policy;
    private readonly EngineSeams _seams;
    private readonly ClockWatch _clock;
    private readonly TimeSpan _frozenUntil;
    private readonly Dictionary<long, Subscription> _subscriptions = [];
    private readonly InstanceTable _instances = new();
    private readonly Dictionary<InstanceKey, List<Instance>> _byKey = [];
    private readonly Dictionary<long, List<Instance>> _byConnection = [];
    private readonly Dictionary<string, Instance> _leafOwners = [];
    private readonly Dictionary<string, int> _leavesOfIdentity = [];
    private readonly Dictionary<InstanceKey, (int Bundles, int Leaves, DateTimeOffset Until)> _oldSlots = [];
    private int _oldSlotsSweptAt = FewOldSlots;
    private readonly KeyMemory _vanished = new(MaxKeys, MaxKeysOfIdentity);

    // Keys of processes to which bundle bytes were sent that were refused or lost. By key, not by instance: such a process may come back looking new.
    private readonly KeyMemory _dirty = new(MaxKeys, MaxKeysOfIdentity);
    private readonly Dictionary<InstanceKey, int> _refusals = [];
    private readonly Dictionary<string, long> _replicas = [];
    private readonly FloorCount _members = new();
    private readonly LeafNeeds _needs = new();
    private readonly Dictionary<string, LedgerRow> _exported = [];
    private readonly Obstructions _refusing;
    private readonly Obstructions _joining;
    private readonly HashSet<Instance> _held = [];
    private readonly PriorityQueue<Instance, TimeSpan> _timers = new();
    private readonly PriorityQueue<string, DateTimeOffset> _expiries = new();

    private List<EngineEffect> _effects = [];
    private TrustState _state;
    private bool _begun;
    private long _floor;
    private BundlePayload _shared;
    private bool _sharedProves;
    private TimeSpan _epochSince;
    private Moment _now;
    private bool _doubted;
    private long _lastDelivery;

    /// <param name="record">What the store held when the term began; its state must not be null.</param>
    /// <param name="policy">Windows and lifetimes.</param>
    /// <param name="seams">Bundle bytes, root checks, randomness.</param>
    /// <param name="now">The time at which the term begins.</param>
    public TrustDomainEngine(TrustRecord record, FleetPolicy policy, EngineSeams seams, Moment now)
    {
        _policy = policy;
        _seams = seams;
        _now = now;
        _state = record.State ?? throw new ArgumentException("the record holds no state", nameof(record));
        _term = record.Term;
        _heldBefore = _state.Plan?.Hold;
        _mostRoots = Math.Max(policy.MaxRoots, _state.Bundle.Length);
        _floor = _state.Floor;
        bool gap = _state.Plan is not null && (now.Utc - _state.SeenAt).Duration() > policy.MaxSkew;
        _clock = new ClockWatch(gap ? now with { Utc = _state.SeenAt } : now, policy.MaxSkew) { Unserved = gap ? (now.Utc - _state.SeenAt).Duration() : null };
        _clock.Observe(now);
        _ticketKeys = new TicketKeys(Convert.FromHexString(seams.RandomHex(32)));
        _ticketsSince = now.Up;
        _budget = new IssuingBudget(policy.IssuesPerSecond, now.Up);
        _refusing = new Obstructions(policy.QuarantineAfter);
        _joining = new Obstructions(policy.QuarantineAfter);
        _justAway = new Obstructions(policy.QuarantineAfter);
        _due = new IssuingQueue(new IssuingShares(policy.IssuesPerSecond * ShareOfIdentity));
        _shared = seams.EncodeBundle(_state, _state.Salt);
        _epochSince = now.Up;
        _frozenUntil = record.Term <= 1 ? now.Up : now.Up + policy.ReconnectWindow;
        Restore(record);
        RestoreAnchors();
    }

    /// <summary>The durable state; a change that is being saved is not in it yet.</summary>
    public TrustState State => _state;

    /// <summary>The oldest epoch that any member may still enforce.</summary>
    public long Floor => _floor;

    /// <summary>Keys of which the slots of expired rows are remembered.</summary>
    internal int OldSlots => _oldSlots.Count;

    /// <summary>Instances looked at because of another one of their key: it may be their successor, or the same process.</summary>
    internal long KinLookedAt { get; private set; }

    /// <summary>Instances looked at in walks over the whole fleet.</summary>
    internal long Walked => _instances.Walked;

    /// <summary>Monotonic time at which <see cref="Handle"/> wants a <see cref="ClockTicked"/> at the latest; null: none.</summary>
    public TimeSpan? NextWake { get; private set; }

    /// <summary>Starts the term: everything else waits until the state saved by it is durable.</summary>
    public IReadOnlyList<EngineEffect> Begin(Moment now)
    {
        Enter(now);
        TrustState first = WithServingFound(_state);
        string text = "the leader's term begins";
        if (_floor < _state.Epoch)
        {
            first = Moves.Resalt(first, _seams.RandomHex(16));
            text = "the leader's term begins before every member has proven the bundle: everyone proves a new epoch";
        }

        Save(first, Log("engine", DecisionKind.BeginTerm, "", "begin term", text));
        return Leave();
    }

    /// <summary>Takes one event and returns what is to be done, in this order.</summary>
    public IReadOnlyList<EngineEffect> Handle(EngineEvent happened, Moment now)
    {
        Enter(now);
        switch (happened)
        {
            case SubscriptionOpened opened: OnOpened(opened); break;
            case SubscriptionClosed closed: OnClosed(closed); break;
            case ConnectionClosed closed: OnConnectionClosed(closed); break;
            case ProcessDeparted departed: OnDeparted(departed); break;
            case DeliveryAcked acked: OnAcked(acked); break;
            case DeliveryNacked nacked: OnNacked(nacked); break;
            case DeliveryDisplaced displaced: OnDisplaced(displaced); break;
            case LeafSigned signed: OnSigned(signed); break;
            case LeafSignFailed failed: OnSignFailed(failed); break;
            case LedgerWritten written: OnLedgerWritten(written); break;
            case LedgerFailed failed: OnLedgerFailed(failed); break;
            case SlotsRaised raised: OnSlotsRaised(raised); break;
            case RosterWritten written: OnRosterWritten(written); break;
            case ProxyProbed probed: OnProbed(probed); break;
            case WebhookAnswered answered: OnWebhookAnswered(answered); break;
            case StateSaved saved: OnStateSaved(saved); break;
            case ReplicaAcknowledged acknowledged: _replicas[acknowledged.ReplicaId] = acknowledged.Epoch; break;
            case ReplicaEnded ended: _replicas.Remove(ended.ReplicaId); break;
            case EngineCommand command: _commands.Add((command, now)); break;
            case ClockTicked: break;
            default: throw new ArgumentException($"unknown event {happened.GetType().Name}", nameof(happened));
        }

        return Leave();
    }

    private void Enter(Moment now)
    {
        _effects = [];
        _now = now;
        _clock.Observe(now);
    }

    private List<EngineEffect> Leave()
    {
        if (_doubted != _clock.InDoubt)
        {
            // Timers are monotonic, leaves expire by the wall: what is due to whom has changed at once.
            _doubted = _clock.InDoubt;
            _instances.Walk().ToList().ForEach(Attend);
        }

        RunTimers();
        RenewTicketKeys();
        ExpireLeaves();
        RaiseFloor();
        NoticeUnsteady();
        RunIssuing();
        CheckInvariants();
        NoticeDeserted();
        Rotate();
        NextWake = Wake();
        return _effects;
    }

    private void RunTimers()
    {
        while (_timers.TryPeek(out Instance? instance, out TimeSpan due) && due <= _now.Up)
        {
            _timers.Dequeue();
            if (instance.TimerAt == due)
            {
                instance.TimerAt = null;
                Attend(instance);
            }
        }
    }

    private TimeSpan? Wake()
    {
        TimeSpan? wake = _timers.TryPeek(out _, out TimeSpan timer) ? timer : null;
        if (_expiries.TryPeek(out _, out DateTimeOffset expiry))
        {
            wake = Earlier(wake, _now.Up + (expiry - _clock.Judged) + TimeSpan.FromMilliseconds(1));
        }

        wake = Earlier(wake, _ticketsSince + _policy.TicketKeyLife);
        if (_now.Up < _frozenUntil)
        {
            wake = Earlier(wake, _frozenUntil);
        }

        if (_begun && !_budget.Left && (_due.IsWaiting || _dueMoves.Count > 0))
        {
            wake = Earlier(wake, _budget.NextAt);
        }

        if (PlanWake() is { } plan)
        {
            wake = Earlier(wake, plan);
        }

        return wake;
    }

    private static TimeSpan Earlier(TimeSpan? one, TimeSpan other) => one is { } time && time < other ? time : other;

    private string Evidence() =>
        $"epoch {_state.Epoch}, floor {_floor}, members {_members.Total}, proven {_members.At(_state.Epoch)}, leaves {_leafOwners.Count}";
}
