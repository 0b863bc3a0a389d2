using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Simulation.Envoys;
using SdsServer.Testing.Virtual;

namespace SdsServer.Simulation.Runs;

/// <summary>One random run: trouble for a while, then none; at the end every plan must have finished and everyone must hold a leaf.</summary>
internal sealed class Run
{
    private readonly SeededRandom _random;
    private readonly VirtualTime _time = new();
    private readonly List<SimulatedEnvoy> _envoys = [];
    private readonly VirtualServer _server;
    private readonly Claims _claims;
    private readonly Operators _operators;
    private readonly Chaos _chaos;
    private readonly Story _story;
    private readonly Plot? _plot;

    public Run(long seed, bool told = false)
    {
        _random = new SeededRandom(seed);
        _story = new Story(_time, told);
        FleetPolicy policy = Settings.Policy(strict: _random.Next(5) == 0, maxRoots: _random.Next(3) == 0 ? 3 : 2);
        Mix mix = Mix.Of(seed);
        _plot = mix.Plot;
        policy = policy with { OwnServing = mix.OwnServing, BootstrapGrace = mix.LongGrace ? TimeSpan.FromHours(3) : TimeSpan.FromMinutes(5) };
        TrustState first = Mesh.First();
        first = first with
        {
            Roots = first.Roots.AddRange(Mesh.Root("C"), Mesh.Root(Settings.UnfitRoot)),
            Authorities = first.Authorities.AddRange(Mesh.Authority("a2", "A"), Mesh.Authority("c", "C"), Mesh.Authority(Settings.UnfitAuthority, Settings.UnfitRoot)),
        };
        MemoryStore store = new(first);
        SeededRandom engineRandom = new(seed ^ 0x5eed);
        _server = new VirtualServer(_time, store, policy, Mesh.Seams(engineRandom, static (_, authority, _) => authority.RootId == Settings.UnfitRoot ? ["its key is too weak"] : []), engineRandom) { LeafLifetime = Settings.LeafLifetime };
        AnchorFiles files = new(store);
        _claims = new Claims(_time, _server, store, _envoys, policy);
        Network network = new(_time, _server, _claims, _random, _story) { LatestAnswer = policy.AckTimeout * 1.5, SlowSlots = mix.SlowSlots, SlowWhileConnected = mix.IsDrawn };
        _operators = new Operators(_time, _server, _envoys, files, _claims, policy, mix, _random, _story);
        _chaos = new Chaos(_time, _server, network, _operators, _envoys, files, policy, mix, _random, _story);
        _server.Webhook = _operators.Webhook;
        _server.Seen = Watch;
        _server.Handled = cause =>
        {
            if (_server.Events > Settings.MostEvents)
            {
                throw new Violation("end", $"{_server.Events} events, and no end of them");
            }

            _claims.OnEvent(cause);
        };
    }

    /// <summary>Plans that have ended, forward or back.</summary>
    public int Finished => _server.Store.Log.Count(static entry => entry.Kind == DecisionKind.FinishRotation);

    public long Events => _server.Events;

    public long Pairs => _claims.Pairs;

    /// <summary>What was played in it; null: nothing, or not to its end.</summary>
    public Plot? Played => _chaos.Played ? _plot : null;

    public IReadOnlyList<string> Lines => _story.Lines;

    /// <summary>Runs to the end; a step in <paramref name="without"/> passes without trouble.</summary>
    /// <exception cref="Violation">A claim was broken.</exception>
    public void Go(int steps, IReadOnlySet<int>? without = null)
    {
        _server.Start();
        _chaos.Populate();
        for (int step = 1; step <= steps; step++)
        {
            _random.Begin(step);
            TimeSpan pause = _chaos.Pause();
            if (without is null || !without.Contains(step))
            {
                _story.Tell($"--- step {step}");
                _chaos.Step();
            }

            _time.RunFor(pause);
        }

        Settle();
    }

    private void Watch(EngineEffect effect)
    {
        if (_story.IsTold && effect is SaveState or WriteLedger or RaiseSlots or WriteRoster or Noted or CommandDone)
        {
            _story.Tell($"engine: {Describe(effect)}");
        }

        _claims.OnEffect(effect);
    }

    /// <summary>How the server sees the fleet now.</summary>
    public IEnumerable<string> Fleet() => _server.Engine?.Instances().Select(Describe) ?? [];

    private void Settle()
    {
        _random.Begin(int.MaxValue);
        _story.Tell($"--- no more trouble");
        if (_chaos.IsClockBehind)
        {
            EndureClock();
        }

        _chaos.Calm();
        for (int minute = 0; minute < 120 && !IsSettled(minute); minute++)
        {
            _operators.Tend();
            _time.RunFor(TimeSpan.FromMinutes(1));
        }

        // A leaf that was issued while the clock was a day ahead lives a day longer.
        for (int quarter = 0; quarter < 120 && !IsSettled(int.MaxValue); quarter++)
        {
            _operators.Tend();
            _time.RunFor(TimeSpan.FromMinutes(15));
        }

        if (!IsSettled(int.MaxValue))
        {
            TrustDomainEngine engine = _server.Engine!;
            string why = engine.State.Plan is { } plan
                ? $"rotation to {plan.Target} in {engine.Phase}, hold {plan.Hold?.Reason}, {engine.WaveFacts}, proven {plan.WaveProvenAt:HH:mm:ss} now {engine.Outlook()?.Verdict}, blocked by {string.Join("; ", engine.AllBlockers().Select(blocker => $"{blocker.InstanceId} {blocker.Reason} {blocker.Detail}"))}"
                : string.Join("; ", _envoys.Where(envoy => envoy.Alive && !HoldsGoodLeaf(envoy)).Select(envoy => $"{envoy.Name} has no good leaf"));
            throw new Violation("end", $"not settled a day after the last trouble: {why}; {string.Join("; ", engine.Instances().Select(Describe))}");
        }
    }

    // Nothing goes wrong but the clock, for two lives of a leaf: those who are there are given new ones all the same.
    private void EndureClock()
    {
        TimeSpan error = _time.WallError;
        _chaos.Calm();
        _time.WallError = error;
        _time.RunFor(Settings.LeafLifetime * 2);
        if (_time.WallError == error && _server.Engine is { State.Plan: null } && _envoys.Find(envoy => envoy is { Alive: true, Stubborn: false, Connection: not null } && envoy.Contexts.Exists(context => context.Presents is { } leaf && leaf.NotAfter < _time.True)) is { } expired)
        {
            throw new Violation("E9", $"the leaf of {expired.Name} has expired because the clock was set back");
        }
    }

    private bool IsSettled(int minute) =>
        minute > 5 && _server.Engine is { } engine && engine.State.Plan is null && _envoys.Where(envoy => envoy.Alive && !envoy.Stubborn).All(HoldsGoodLeaf);

    private bool HoldsGoodLeaf(SimulatedEnvoy envoy) => envoy.Contexts.All(context =>
        context.Enforces is not null && (context.Leaf is null || (context.Presents is { } leaf && _claims.IsGood(leaf, _server.Engine!.State.Signer))));

    private static string Describe(InstanceView view) =>
        $"{view.Id[..4]} of {view.Key.NodeId}: connected {view.Connected}, member {view.Member}, lo {view.Lo}, slots {view.BundleSubscriptions}/{view.BundleSlots}, "
        + $"leaves {string.Join(',', view.Outstanding.Select(row => $"{row.Serial[..6]}:{row.AuthorityId}:{row.State}"))}, held {view.HeldBecause}, refusing {view.Refusing}";

    private static string Describe(EngineEffect effect) => effect switch
    {
        SaveState save => $"save epoch {save.State.Epoch} floor {save.State.Floor} {{{string.Join(',', save.State.Bundle)}}} signer {save.State.Signer} hold {save.State.Plan?.Hold?.Reason}: {save.Entry?.Action}",
        WriteLedger write => $"ledger {write.Insert.Row.Serial[..6]} by {write.Insert.Row.AuthorityId} for {write.Insert.Row.InstanceId[..4]} of {write.Insert.Row.Key.NodeId}, slots {write.Insert.Row.BundleSlots}/{write.Insert.Row.LeafSlots}",
        RaiseSlots raise => $"slots of {raise.InstanceId[..4]} {raise.BundleSlots}/{raise.LeafSlots}",
        Noted noted => $"note {noted.InstanceId} {noted.Text}",
        CommandDone done => $"answer {done.Outcome.Status} {done.Outcome.Message}",
        WriteRoster roster => $"roster {roster.Entry.InstanceId[..4]} slots {roster.Entry.BundleSlots}",
        _ => effect.GetType().Name,
    };
}
