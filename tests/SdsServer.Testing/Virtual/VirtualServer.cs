using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Testing.Virtual;

/// <summary>
/// A server process around the engine: carries out effects in order in virtual time, each with a delay and a fate that the test
/// sets, and can die between any two of them. A new life begins a new term from what is stored.
/// </summary>
public sealed class VirtualServer(VirtualTime time, MemoryStore store, FleetPolicy policy, EngineSeams seams, Random random)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(10);

    private readonly Dictionary<long, SubscriptionPort> _streams = [];
    private readonly Dictionary<long, Action<CommandOutcome>> _commands = [];

    // Durable writes of one instance happen in the order they were asked for; the first in line is under way.
    private readonly Dictionary<string, Queue<Action>> _lines = [];
    private long _lastCommand;
    private long _wakes;
    private TimeSpan? _wakeAt;
    private int _life;

    public TrustDomainEngine? Engine { get; private set; }

    public MemoryStore Store => store;

    public TimeSpan LeafLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long until an effect has happened, and how long until the engine hears of it.</summary>
    public Func<EngineEffect, (TimeSpan Happens, TimeSpan Heard)> Pace { get; set; } = _ => default;

    /// <summary>What goes wrong with an effect; asked again for each new try.</summary>
    public Func<EngineEffect, EffectFate> Fate { get; set; } = _ => EffectFate.Works;

    /// <summary>Roots at which a chain of this authority ends.</summary>
    public Func<string, TrustState, string[]> Anchors { get; set; } = (authority, state) => [state.Authority(authority).RootId];

    /// <summary>Signs a leaf; null: it says in plain text what it is.</summary>
    public Func<SignLeaf, TrustState, SignedLeaf>? Signer { get; init; }

    /// <summary>What a webhook says; null: nothing.</summary>
    public Func<AskWebhook, WebhookAnswered?> Webhook { get; set; } = _ => null;

    /// <summary>What an Envoy's admin shows; null: nothing.</summary>
    public Func<ProbeProxy, ProxyProbed?> Probe { get; set; } = _ => null;

    /// <summary>Sees every effect before it is carried out.</summary>
    public Action<EngineEffect> Seen { get; set; } = _ => { };

    /// <summary>Runs after every event that the engine has handled; null: its term has begun.</summary>
    public Action<EngineEvent?> Handled { get; set; } = _ => { };

    /// <summary>Runs when the process dies.</summary>
    public Action Died { get; set; } = () => { };

    public bool Up => Engine is not null;

    /// <summary>Monotonic time at which this life began.</summary>
    public TimeSpan StartedAt { get; private set; }

    /// <summary>Events handled in all lives.</summary>
    public long Events { get; private set; }

    public void Start()
    {
        _life++;
        _wakeAt = null;
        StartedAt = time.Up;
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
        _lines.Clear();
        Died();
    }

    public void Open(SubscriptionOpened opened, SubscriptionPort port)
    {
        _streams[opened.Subscription] = port;
        Post(opened);
    }

    public void Order(Func<long, EngineCommand> order, Action<CommandOutcome>? answer = null)
    {
        long id = ++_lastCommand;
        if (answer is not null)
        {
            _commands[id] = answer;
        }

        Post(order(id));
    }

    public void Post(EngineEvent happened)
    {
        if (Engine is not null)
        {
            Events++;
            if (happened is SubscriptionClosed closed)
            {
                _streams.Remove(closed.Subscription);
            }

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
                if (_streams.TryGetValue(delivery.Subscription, out SubscriptionPort? receiver))
                {
                    receiver.Deliver(delivery);
                }

                break;
            case EndStream over:
                if (_streams.TryGetValue(over.Subscription, out SubscriptionPort? stream))
                {
                    stream.End();
                }

                break;
            case CommandDone done:
                if (_commands.Remove(done.Command, out Action<CommandOutcome>? answer))
                {
                    answer(done.Outcome);
                }

                break;
            case SaveState save:
                Persist(save, fate, term => Save(term, save), new StateSaved(save.State), null);
                break;
            case SignLeaf sign:
                Sign(sign, fate, state);
                break;
            case WriteLedger write:
                InLine(write.Insert.Row.InstanceId, () => Insert(write, fate));
                break;
            case RaiseSlots raise:
                InLine(raise.InstanceId, () => Persist(
                    raise,
                    fate,
                    term => store.RaiseSlots(term, raise.InstanceId, raise.BundleSlots, raise.LeafSlots),
                    new SlotsRaised(raise.InstanceId, raise.BundleSlots, raise.LeafSlots),
                    raise.InstanceId));
                break;
            case WriteRoster write:
                string enrolled = write.Entry.InstanceId;
                InLine(enrolled, () => Persist(write, fate, term => store.PutRoster(term, write.Entry), new RosterWritten(enrolled), enrolled));
                break;
            case RemoveRoster remove:
                InLine(remove.InstanceId, () => Persist(remove, fate, term => store.RemoveRoster(term, remove.InstanceId), null, remove.InstanceId));
                break;
            case AskWebhook ask:
                Answer(ask, Webhook(ask));
                break;
            case ProbeProxy probe:
                Answer(probe, Probe(probe));
                break;
            case SetLeafState set when fate != EffectFate.Fails:
                Later(set, fate, term => store.SetLeafState(term, set.Serial, set.State), () => null);
                break;
        }
    }

    private void Answer(EngineEffect question, EngineEvent? answer)
    {
        int life = _life;
        (TimeSpan asked, TimeSpan heard) = Pace(question);
        time.After(asked + heard, () =>
        {
            if (life == _life && answer is not null)
            {
                Post(answer);
            }
        });
    }

    private void Save(long term, SaveState save)
    {
        try
        {
            store.Save(term, save.State, save.Entry, save.Expired);
        }
        catch (StaleRevisionException stale) when (stale.Found == save.State.Revision)
        {
            // An earlier try that seemed to fail has taken effect.
        }
    }

    private void Sign(SignLeaf sign, EffectFate fate, TrustState state)
    {
        Later(sign, EffectFate.Works, _ => { }, () => fate is EffectFate.Fails or EffectFate.FailsAfter
            ? new LeafSignFailed(sign.Ticket, "signer out of order")
            : new LeafSigned(sign.Ticket, Signer is not null ? Signer(sign, state) : Mesh.Leaf(random, sign.Earliest, sign.Latest, sign.MaxLifetime is { } longest && longest < LeafLifetime ? longest : LeafLifetime, [.. Anchors(sign.AuthorityId, state)])));
    }

    // The ledger is not tried again: the engine asks for another leaf.
    private void Insert(WriteLedger write, EffectFate fate)
    {
        bool? written = null;
        Later(
            write,
            fate,
            term => written = fate == EffectFate.Fails ? null : store.Insert(term, write.Insert),
            () => written is { } accepted && fate != EffectFate.FailsAfter ? new LedgerWritten(write.Ticket, accepted) : new LedgerFailed(write.Ticket, "store out of order"),
            write.Insert.Row.InstanceId);
    }

    // Tries until it is durable.
    private void Persist(EngineEffect effect, EffectFate fate, Action<long> write, EngineEvent? done, string? line, int tries = 0)
    {
        if (fate is EffectFate.Fails or EffectFate.FailsAfter)
        {
            Later(effect, fate, fate == EffectFate.Fails ? _ => { } : write, () =>
            {
                TryAgain(effect, write, done, line, tries);
                return null;
            });
            return;
        }

        Later(effect, fate, write, () => done, line);
    }

    private void TryAgain(EngineEffect effect, Action<long> write, EngineEvent? done, string? line, int tries)
    {
        TimeSpan wait = FirstRetry * Math.Pow(2, tries);
        int life = _life;
        time.After(wait < LastRetry ? wait : LastRetry, () =>
        {
            if (life != _life)
            {
                return;
            }

            EffectFate fate = Fate(effect);
            if (fate == EffectFate.DiesBefore)
            {
                Kill();
                return;
            }

            Persist(effect, fate, write, done, line, tries + 1);
        });
    }

    private void InLine(string line, Action write)
    {
        if (_lines.TryGetValue(line, out Queue<Action>? waiting))
        {
            waiting.Enqueue(write);
            return;
        }

        _lines.Add(line, new Queue<Action>());
        write();
    }

    private void NextInLine(string line)
    {
        if (_lines[line].TryDequeue(out Action? next))
        {
            next();
        }
        else
        {
            _lines.Remove(line);
        }
    }

    // A write that has left the process may land after its death, but not in a later term: the store fences it off.
    private void Later(EngineEffect effect, EffectFate fate, Action<long> happens, Func<EngineEvent?> heard, string? line = null)
    {
        (TimeSpan toHappen, TimeSpan toBeHeard) = Pace(effect);
        long term = store.Term;
        int life = _life;
        time.After(toHappen, () =>
        {
            try
            {
                happens(term);
            }
            catch (StaleTermException) when (life != _life)
            {
                return;
            }

            if (life != _life)
            {
                return;
            }

            if (fate == EffectFate.DiesAfter)
            {
                Kill();
                return;
            }

            if (line is not null)
            {
                NextInLine(line);
            }

            if (heard() is { } done)
            {
                time.After(toBeHeard, () =>
                {
                    if (life == _life)
                    {
                        Post(done);
                    }
                });
            }
        });
    }
}
