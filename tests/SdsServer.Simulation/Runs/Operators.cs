using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Simulation.Envoys;
using SdsServer.Testing.Virtual;

namespace SdsServer.Simulation.Runs;

/// <summary>Operators who do what they like, when they like, but do not lie: they retire only what has ended.</summary>
internal sealed class Operators(
    VirtualTime time, VirtualServer server, List<SimulatedEnvoy> envoys, AnchorFiles files, Claims claims, FleetPolicy policy, Mix mix, Random random, Story story)
{
    private static readonly string[] Authorities = ["a", "a2", "b", "b", "c"];
    /// <summary>Waits for nothing but evidence.</summary>
    public static readonly RotationPolicy Eager = new() { TrustSoak = TimeSpan.Zero, Waves = [], WaveSoak = TimeSpan.Zero, CanarySoak = TimeSpan.Zero, DropSoak = TimeSpan.Zero };
    private long _lastRequest;

    public void Step()
    {
        switch (mix.Orders[random.Next(mix.Orders.Length)])
        {
            case Runs.Order.Override when random.Next(3) == 0: Override(); break;
            case Runs.Order.SetRole: SetRole(); break;
            case Runs.Order.Race: Race(); break;
            case Runs.Order.RetireDead: RetireDead(); break;
            case Runs.Order.RetireConnected: RetireConnected(); break;
            case Runs.Order.Repush: Repush(); break;
            case Runs.Order.Hold: Order(id => new HoldRotation { Id = id, Actor = "operator" }); break;
            case Runs.Order.Turn: Turn(); break;
            case Runs.Order.Tend: Tend(); break;
            default: StartPlan(); break;
        }
    }

    /// <summary>What a reasonable operator does now and then: lift holds, take manual steps, retire consumers that no expiry ends.</summary>
    public void Tend()
    {
        if (Dead().Concat(Ghosts()).FirstOrDefault(view => view.Rostered) is { } gone)
        {
            Order(id => new RetireInstance { Id = id, Actor = "operator", InstanceId = gone.Id });
        }

        if (IsCalm)
        {
            envoys.FindAll(static envoy => envoy is { Alive: true, Anchors: not null }).ForEach(Restock);
        }

        if (server.Engine?.State.Plan is { } plan)
        {
            bool clockIsRight = time.WallError.Duration() < policy.MaxSkew / 2;
            if (plan.Hold is { } hold && (hold.Cause != HoldCause.Clock || clockIsRight))
            {
                bool accepts = hold.Cause == HoldCause.Clock;
                if (accepts && server.Up)
                {
                    claims.OnClockOrder();
                }

                Order(id => new UnholdRotation { Id = id, Actor = "operator", Cause = hold.Cause }, accepts ? _ => claims.OnClockAnswer() : null);
            }

            if (GateKind.Approval is var approval && (plan.Policy.TrustGate.Kind == approval || plan.Policy.WaveGate.Kind == approval || plan.Policy.DropGate.Kind == approval))
            {
                Order(id => new AdvanceRotation { Id = id, Actor = "operator" });
            }
        }
    }

    // As if those that do not take up a new file were started again.
    private void Restock(SimulatedEnvoy envoy)
    {
        envoy.Anchors!.TakeUp(files.Export(envoy.Key));
        if (random.Next(10) == 0)
        {
            GiveAnchors(envoy);
        }
    }

    /// <summary>Gives a proxy's file of anchors the newest roots, and confirms them where every process of it takes up a new file.</summary>
    public void GiveAnchors(SimulatedEnvoy envoy)
    {
        if (envoy.Anchors is null)
        {
            return;
        }

        RootSet file = files.Export(envoy.Key);
        story.Tell($"the anchors of {envoy.Key.NodeId} are {file} from now on");
        List<SimulatedEnvoy> running = envoys.FindAll(other => other.Alive && other.Key == envoy.Key);
        running.FindAll(static other => other.Anchors!.Follows).ForEach(other => other.Anchors!.TakeUp(file));
        if (running.TrueForAll(static other => other.Anchors!.Follows) && server.Engine is { Serving: true } engine)
        {
            long epoch = server.Store.State.Epoch;
            foreach (InstanceView view in engine.Instances().Where(view => view.Key == envoy.Key))
            {
                time.After(TimeSpan.FromSeconds(random.Next(2) * 60 * random.NextDouble()), () => Order(id => new ConfirmAnchors { Id = id, Actor = "operator", InstanceId = view.Id, Epoch = epoch }));
            }
        }
    }

    /// <summary>Somebody who looked at a proxy's anchors at this epoch says that they hold its roots.</summary>
    public void ConfirmAnchors(SimulatedEnvoy envoy, long epoch)
    {
        foreach (InstanceView view in server.Engine?.Instances().Where(view => view.Key == envoy.Key).ToList() ?? [])
        {
            Order(id => new ConfirmAnchors { Id = id, Actor = "operator", InstanceId = view.Id, Epoch = epoch });
        }
    }

    /// <summary>A rotation to a root that is not the signer's, which waits for nothing but evidence.</summary>
    /// <param name="stays">To another authority below the same root, where there is one.</param>
    /// <returns>The authority.</returns>
    public string Rotate(bool isEmergency = false, RotationPolicy? rotation = null, bool stays = false)
    {
        TrustState state = server.Store.State;
        string request = (++_lastRequest).ToString(CultureInfo.InvariantCulture);
        string[] others = [.. Authorities.Distinct().Where(id => state.RootOf(id).Id != state.RootOf(state.Signer).Id)];
        string to = stays && Authorities.FirstOrDefault(id => id != state.Signer && state.RootOf(id).Id == state.RootOf(state.Signer).Id) is { } sibling ? sibling : others[random.Next(others.Length)];
        StartRotation Start(long id) => new()
        {
            Id = id,
            Actor = "operator",
            RequestId = request,
            RotationId = "r" + request,
            To = to,
            Kind = isEmergency ? RotationKind.Emergency : KindTo(to),
            Policy = rotation ?? Eager,
        };
        Order(Start);
        return to;
    }

    public void StartPlan()
    {
        string to = Authorities[random.Next(Authorities.Length)];
        string request = (++_lastRequest).ToString(CultureInfo.InvariantCulture);
        bool emergency = random.Next(mix.Emergencies) == 0;
        string? compromised = emergency && server.Engine?.State.Plan is { } running ? (random.Next(2) == 0 ? running.From : running.To) : null;
        RotationPolicy rotation = Policy();
        // A rehearsal must begin nothing, whenever it comes.
        bool rehearsal = random.Next(8) == 0;
        StartRotation Start(long id) => new()
        {
            Id = id,
            Actor = "operator",
            RequestId = (rehearsal ? "rehearsal" : "") + request,
            RotationId = "r" + request,
            To = to,
            Kind = emergency ? RotationKind.Emergency : KindTo(to),
            Compromised = compromised,
            Policy = rotation,
            ValidateOnly = rehearsal,
        };
        Order(Start);
        if (random.Next(3) == 0)
        {
            // The answer was lost on its way, and the operator asks again.
            time.After(TimeSpan.FromSeconds(200 * random.NextDouble() * random.NextDouble()), () => Order(Start, outcome =>
            {
                if (!rehearsal && outcome.Status != CommandStatus.Done && outcome.State.Plan?.RequestId == request)
                {
                    throw new Violation("E8", $"request {request} is under way, and asking again is answered '{outcome.Message}'");
                }
            }));
        }
    }

    /// <summary>Trust in the root that is unfit, and the end of each authority that signs, is trusted, or may be needed for a way back.</summary>
    public void Mistake()
    {
        if (server.Engine is not { State: { } state })
        {
            return;
        }

        string request = (++_lastRequest).ToString(CultureInfo.InvariantCulture);
        Order(id => new StartRotation { Id = id, Actor = "operator", RequestId = request, RotationId = "r" + request, To = Settings.UnfitAuthority, Policy = Eager });
        foreach (Authority inUse in state.Authorities.Where(authority => !authority.Tainted && (state.Trusts(authority.RootId) || state.Root(authority.RootId).DroppedAt > 0)))
        {
            if (state.Authorities.Count(other => other.RootId == inUse.RootId) == 1)
            {
                Order(id => new RemoveAuthority { Id = id, Actor = "operator", AuthorityId = inUse.Id });
            }
        }
    }

    /// <summary>What the webhook says: something else each time, and yes in the end.</summary>
    public WebhookAnswered Webhook(AskWebhook ask)
    {
        int mood = IsCalm ? 0 : random.Next(8);
        return new WebhookAnswered(ask.Ask, mood switch { 6 => WebhookVerdict.Wait, 7 => WebhookVerdict.Deny, _ => WebhookVerdict.Allow }, "because");
    }

    /// <summary>Nobody is in the mood for trouble any more.</summary>
    public bool IsCalm { get; set; }

    private RotationPolicy Policy()
    {
        if (mix.Eager)
        {
            return Eager;
        }

        TimeSpan Soak() => mix.LongSoaks ? Settings.LeafLifetime * 0.7 : TimeSpan.FromSeconds(random.Next(3) * 5);
        return new RotationPolicy
        {
            TrustGate = AnyGate(),
            WaveGate = AnyGate(),
            DropGate = AnyGate(),
            TrustSoak = Soak(),
            Waves = random.Next(4) switch
            {
                0 => [],
                1 => [Wave.Of(new WaveSelector("/1")), Wave.Of(2)],
                2 => [Wave.OfPercent(50)],
                _ => RotationPolicy.UsualWaves,
            },
            WaveSoak = Soak(),
            CanarySoak = Soak(),
            DropSoak = Soak(),
            MaxInFlight = random.Next(4) == 0 ? 1 : null,
            AutomaticRollback = random.Next(4) == 0,
            LeafLifetime = random.Next(6) == 0 ? Settings.LeafLifetime / 2 : null,
            GateDeadline = random.Next(3) == 0 ? TimeSpan.FromMinutes(10) : null,
            SignDeadline = TimeSpan.FromSeconds(random.Next(4) * 40),
            DropDeadline = TimeSpan.FromSeconds(120 + (random.Next(4) * 80)),
            ForceAtDeadlines = random.Next(3) == 0,
        };
    }

    private GatePolicy AnyGate() => random.Next(mix.TimeGates) switch
    {
        0 when mix.TimeGates < 12 => new GatePolicy(GateKind.Time, TimeSpan.FromSeconds(60 * random.NextDouble())),
        0 => GatePolicy.Approval,
        1 => new GatePolicy(GateKind.Webhook),
        2 => new GatePolicy(GateKind.Time, TimeSpan.FromSeconds(60 * random.NextDouble())),
        _ => GatePolicy.Ack,
    };

    private RotationKind KindTo(string to) => server.Engine is { State: { } state } && state.RootOf(state.Signer).Id == state.RootOf(to).Id
        ? RotationKind.Intermediate
        : RotationKind.Planned;

    /// <summary>Somebody walks the role table of Open Service Mesh.</summary>
    private void SetRole()
    {
        string request = (++_lastRequest).ToString(CultureInfo.InvariantCulture);
        string authority = Authorities[random.Next(Authorities.Length)];
        AuthorityRole role = (AuthorityRole)random.Next(3);
        RotationPolicy policy = Policy();
        Order(id => new SetRole { Id = id, Actor = "operator", AuthorityId = authority, Role = role, RotationId = "r" + request, Policy = policy });
    }

    /// <summary>Somebody passes over all that blocks, by name, or over some of it, which is refused.</summary>
    private void Override()
    {
        if (server.Engine is { State.Plan: not null, Serving: true } engine && engine.AllBlockers() is { Count: > 0 } blockers)
        {
            ImmutableHashSet<string> names = [.. blockers.Select(blocker => blocker.OverrideName).OfType<string>().Where(_ => random.Next(6) > 0)];
            Order(id => new AdvanceRotation { Id = id, Actor = "operator", Override = names });
        }
    }

    /// <summary>Two operators have looked at the same revision, and order what changes it: one of them wins, or the engine was quicker.</summary>
    private void Race()
    {
        if (server.Engine is not { Serving: true, State: { } state })
        {
            return;
        }

        long seen = state.Decisions;
        int won = 0;
        for (int racer = 0; racer < 2; racer++)
        {
            Func<long, EngineCommand> order = Racing(state, racer, seen);
            Order(order, outcome =>
            {
                won += outcome is { Status: CommandStatus.Done, Logged: true } ? 1 : 0;
                if (won > 1)
                {
                    throw new Violation("E14.8", $"both of two operators who had seen revision {seen} have won");
                }

                if (outcome.Status == CommandStatus.Aborted && outcome.State.Decisions == seen)
                {
                    throw new Violation("E14.8", $"'{outcome.Message}' although nobody has changed revision {seen}");
                }
            });
        }
    }

    private Func<long, EngineCommand> Racing(TrustState state, int racer, long seen)
    {
        if (state.Plan is not { } plan)
        {
            string request = (++_lastRequest).ToString(CultureInfo.InvariantCulture);
            string to = Authorities[random.Next(Authorities.Length)];
            RotationKind kind = KindTo(to);
            return id => new StartRotation { Id = id, Actor = $"racer {racer}", RequestId = request, RotationId = "r" + request, To = to, Kind = kind, ExpectedDecisions = seen };
        }

        RotationGoal other = plan.Goal == RotationGoal.Forward ? RotationGoal.Back : RotationGoal.Forward;
        return random.Next(2) == 0
            ? id => new HoldRotation { Id = id, Actor = $"racer {racer}", ExpectedDecisions = seen }
            : id => new TurnRotation { Id = id, Actor = $"racer {racer}", Goal = other, ExpectedDecisions = seen };
    }

    public void Turn()
    {
        RotationGoal goal = (RotationGoal)random.Next(2);
        Order(id => new TurnRotation { Id = id, Actor = "operator", Goal = goal });
    }

    /// <summary>An operator wants nobody more to be moved.</summary>
    public void Stop() => Order(random.Next(2) == 0
        ? static id => new HoldRotation { Id = id, Actor = "operator" }
        : static id => new TurnRotation { Id = id, Actor = "operator", Goal = RotationGoal.Back });

    private void Order(Func<long, EngineCommand> order, Action<CommandOutcome>? answer = null)
    {
        if (server.Up)
        {
            if (story.IsTold)
            {
                EngineCommand command = order(0);
                string what = command is StartRotation start ? $" {start.Kind} to {start.To}" : command is SetRole set ? $" {set.AuthorityId} {set.Role}" : command is TurnRotation turn ? $" {turn.Goal}" : "";
                story.Tell($"{command.Actor}: {command.GetType().Name}{what}");
            }

            if (order(0) is not (HoldRotation or TurnRotation { Goal: RotationGoal.Back, ValidateOnly: false } or StartRotation { Kind: RotationKind.Emergency, ValidateOnly: false } or SetRole { ValidateOnly: false }))
            {
                server.Order(order, answer);
                return;
            }

            claims.OnStopOrdered();
            server.Order(order, outcome =>
            {
                claims.OnStopAnswered();
                answer?.Invoke(outcome);
            });
        }
    }

    private void RetireDead()
    {
        if (Dead().FirstOrDefault() is { } dead)
        {
            Order(id => new RetireInstance { Id = id, Actor = "operator", InstanceId = dead.Id });
        }
    }

    // The entry of a consumer that came back, as a new one, before its old connection was known to be dead.
    private IEnumerable<InstanceView> Ghosts()
    {
        IReadOnlyList<InstanceView> all = server.Engine?.Instances() ?? [];
        return all.Where(view => !view.Connected && all.Any(other => other.Connected && other.Rostered && other.Key == view.Key));
    }

    private IEnumerable<InstanceView> Dead() =>
        server.Engine?.Instances().Where(view => !view.Connected && !envoys.Any(envoy => envoy.Alive && envoy.Key == view.Key)) ?? [];

    /// <summary>Somebody takes a process for dead that is not: that is refused (rule E6).</summary>
    private void RetireConnected()
    {
        if (envoys.Find(static envoy => envoy is { Alive: true, Connection: not null }) is { Connection: { } connection } envoy
            && envoy.Clients.Exists(static client => client.Stream is not null)
            && server.Engine?.Instances().Where(view => view.Connected && view.Key == envoy.Key).ToList() is [var view]
            && envoys.Count(other => other.Key == envoy.Key) == 1)
        {
            claims.OnMistaken(view.Id, envoy);
            Order(id => new RetireInstance { Id = id, Actor = "operator", InstanceId = view.Id }, outcome =>
            {
                if (outcome.Status == CommandStatus.Done && envoy.Connection == connection)
                {
                    throw new Violation("E6", $"{envoy.Name} is retired, and it is connected");
                }
            });
        }
    }

    private void Repush()
    {
        if (server.Engine?.Instances().FirstOrDefault(view => view.Connected) is { } view)
        {
            Repush(view);
        }
    }

    /// <summary>Whoever is connected is to have everything anew.</summary>
    public void RepushAll() => server.Engine?.Instances().Where(static view => view.Connected).ToList().ForEach(Repush);

    private void Repush(InstanceView view)
    {
        if (server.Up)
        {
            claims.OnRepush(view.Key);
            Order(id => new RepushInstance { Id = id, Actor = "operator", InstanceId = view.Id });
        }
    }
}
