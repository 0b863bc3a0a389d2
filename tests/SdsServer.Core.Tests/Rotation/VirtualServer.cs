using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>
/// A server process around the engine: carries out effects in order in virtual time, each with a delay and a fate that the test
/// sets, and can die between any two of them. A new life begins a new term from what is stored.
/// </summary>
internal sealed class VirtualServer(VirtualTime time, MemoryStore store, FleetPolicy policy, EngineSeams seams, Random random)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly Dictionary<long, Action<Delivery>> _streams = [];
    private readonly Dictionary<long, Action<CommandOutcome>> _commands = [];
    private long _lastCommand;
    private long _wakes;
    private TimeSpan? _wakeAt;
    private int _life;

    public TrustDomainEngine? Engine { get; private set; }

    public MemoryStore Store => store;

    public TimeSpan LeafLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long until an effect has happened, and how long until the engine hears of it.</summary>
    public Func<EngineEffect, (TimeSpan Happens, TimeSpan Heard)> Pace { get; set; } = _ => default;

    /// <summary>What goes wrong with an effect.</summary>
    public Func<EngineEffect, EffectFate> Fate { get; set; } = _ => EffectFate.Works;

    /// <summary>Roots at which a chain of this authority ends.</summary>
    public Func<string, TrustState, string[]> Anchors { get; set; } = (authority, state) => [state.Authority(authority).RootId];

    /// <summary>Sees every effect before it is carried out.</summary>
    public Action<EngineEffect> Seen { get; set; } = _ => { };

    /// <summary>Runs after every event that the engine has handled.</summary>
    public Action<EngineEvent?> Handled { get; set; } = _ => { };

    /// <summary>Runs when the process dies.</summary>
    public Action Died { get; set; } = () => { };

    public bool Up => Engine is not null;

    /// <summary>Events handled in all lives.</summary>
    public long Events { get; private set; }

    public void Start()
    {
        _life++;
        Engine = new TrustDomainEngine(store.BeginTerm(), policy, seams, time.Now);
        Carry(Engine.Begin(time.Now), null);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _life++;
        Engine = null;
        _wakeAt = null;
        _streams.Clear();
        _commands.Clear();
        Died();
    }

    public void Open(SubscriptionOpened opened, Action<Delivery> deliver)
    {
        _streams[opened.Subscription] = deliver;
        Post(opened);
    }

    public void Order(Func<long, EngineCommand> order, Action<CommandOutcome>? answer = null)
    {
        long id = ++_lastCommand;
        _commands[id] = answer ?? (_ => { });
        Post(order(id));
    }

    public void Post(EngineEvent happened)
    {
        if (Engine is not null)
        {
            Events++;
            Carry(Engine.Handle(happened, time.Now), happened);
        }
    }

    private void Carry(IReadOnlyList<EngineEffect> effects, EngineEvent? cause)
    {
        int life = _life;
        TrustState state = Engine!.State;
        foreach (EngineEffect effect in effects)
        {
            EffectFate fate = Fate(effect);
            if (fate == EffectFate.DiesBefore)
            {
                Kill();
            }

            if (_life != life)
            {
                return;
            }

            Seen(effect);
            Run(effect, fate, state);
        }

        Handled(cause);
        SetWake();
    }

    private void SetWake()
    {
        if (Engine?.NextWake is { } wake && (_wakeAt is not { } set || wake < set))
        {
            _wakeAt = wake;
            long mine = ++_wakes;
            int life = _life;
            time.After(wake - time.Up > Tick ? wake - time.Up : Tick, () =>
            {
                if (life == _life && mine == _wakes)
                {
                    _wakeAt = null;
                    Post(new ClockTicked());
                }
            });
        }
    }

    private void Run(EngineEffect effect, EffectFate fate, TrustState state)
    {
        switch (effect)
        {
            case Deliver { Delivery: { } delivery }:
                if (_streams.TryGetValue(delivery.Subscription, out Action<Delivery>? stream))
                {
                    stream(delivery);
                }

                break;
            case CommandDone done:
                if (_commands.Remove(done.Command, out Action<CommandOutcome>? answer))
                {
                    answer(done.Outcome);
                }

                break;
            case SaveState save:
                Later(effect, () => store.Save(save.State, save.Entry), () => new StateSaved(save.State));
                break;
            case SignLeaf sign:
                Later(effect, () => { }, () => fate == EffectFate.Fails
                    ? new LeafSignFailed(sign.Ticket, "signer out of order")
                    : new LeafSigned(sign.Ticket, Mesh.Leaf(random, sign.Earliest, sign.Latest, sign.MaxLifetime is { } longest && longest < LeafLifetime ? longest : LeafLifetime, [.. Anchors(sign.AuthorityId, state)])));
                break;
            case WriteLedger write:
                bool? written = null;
                Later(effect, () => written = fate == EffectFate.Fails ? null : store.Insert(write.Insert), () =>
                    written is { } accepted && fate != EffectFate.FailsAfter ? new LedgerWritten(write.Ticket, accepted) : new LedgerFailed(write.Ticket, "store out of order"));
                break;
            case RaiseSlots raise:
                Later(effect, () => store.RaiseSlots(raise.InstanceId, raise.BundleSlots, raise.LeafSlots), () => new SlotsRaised(raise.InstanceId, raise.BundleSlots, raise.LeafSlots));
                break;
            case WriteRoster write:
                Later(effect, () => store.PutRoster(write.Entry), () => new RosterWritten(write.Entry.InstanceId));
                break;
            case RemoveRoster remove:
                Later(effect, () => store.RemoveRoster(remove.InstanceId), null);
                break;
            case SetLeafState set:
                Later(effect, () => store.SetLeafState(set.Serial, set.State), null);
                break;
        }
    }

    // A write that has left the process may land after its death, but not in a later term.
    private void Later(EngineEffect effect, Action happens, Func<EngineEvent>? heard)
    {
        (TimeSpan toHappen, TimeSpan toBeHeard) = Pace(effect);
        long term = store.Term;
        int life = _life;
        time.After(toHappen, () =>
        {
            if (term != store.Term)
            {
                return;
            }

            happens();
            if (heard is not null)
            {
                time.After(toBeHeard, () =>
                {
                    if (life == _life)
                    {
                        Post(heard());
                    }
                });
            }
        });
    }
}
