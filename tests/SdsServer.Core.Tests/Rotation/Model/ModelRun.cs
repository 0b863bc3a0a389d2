using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Tests.Rotation.Model;

/// <summary>One random run: trouble for a while, then none; at the end every plan must have finished and everyone must hold a leaf.</summary>
internal sealed class ModelRun
{
    private readonly Random _random;
    private readonly VirtualTime _time = new();
    private readonly List<ModelEnvoy> _envoys = [];
    private readonly VirtualServer _server;
    private readonly ModelClaims _claims;
    private readonly ModelNetwork _network;
    private readonly ModelOperators _operators;
    private readonly ModelChaos _chaos;
    private readonly FleetPolicy _policy;
    private readonly List<string>? _trace;

    public ModelRun(int seed, bool traced = false)
    {
        _random = new Random(seed);
        _trace = traced ? [] : null;
        _policy = ModelSettings.Policy(strict: _random.Next(5) == 0);
        TrustState first = Mesh.First();
        first = first with
        {
            Roots = first.Roots.Add(Mesh.Root("C")),
            Authorities = first.Authorities.AddRange(Mesh.Authority("a2", "A"), Mesh.Authority("c", "C")),
        };
        MemoryStore store = new(first);
        Random engineRandom = new(seed ^ 0x5eed);
        _server = new VirtualServer(_time, store, _policy, Mesh.Seams(engineRandom), engineRandom) { LeafLifetime = ModelSettings.LeafLifetime };
        _claims = new ModelClaims(_time, store, _envoys);
        _network = new ModelNetwork(_time, _server, _claims, _policy, _random, Trace);
        _operators = new ModelOperators(_time, _server, _envoys, _policy, _random, Trace);
        _chaos = new ModelChaos(_time, _server, _network, _operators, _envoys, _policy, _random, Trace);
        _server.Seen = effect =>
        {
            if (_trace is not null && effect is SaveState or WriteLedger or RaiseSlots or Noted or CommandDone)
            {
                Trace("engine: " + Describe(effect));
            }

            _claims.OnEffect(effect);
        };
    }

    /// <summary>Plans that have ended, forward or back.</summary>
    public int Finished { get; private set; }

    public long Events => _server.Events;

    public long Pairs => _claims.Pairs;

    public IReadOnlyList<string> Story => _trace ?? [];

    public void Go(int steps)
    {
        _server.Start();
        _chaos.Populate();
        for (int step = 0; step < steps; step++)
        {
            _chaos.Step();
            _time.RunFor(_chaos.Pause());
        }

        Settle();
        Finished = _server.Store.Log.Count(entry => entry.Action == "finish rotation");
    }

    private void Settle()
    {
        Trace("--- no more trouble");
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
                ? $"rotation to {plan.Target} in {engine.Phase}, hold {plan.Hold?.Reason}, blocked by {string.Join("; ", engine.AllBlockers().Select(blocker => $"{blocker.InstanceId} {blocker.Reason} {blocker.Detail}"))}"
                : string.Join("; ", _envoys.Where(envoy => envoy.Alive && !HoldsGoodLeaf(envoy)).Select(envoy => $"{envoy.Name} has no good leaf"));
            throw new ModelViolation($"not settled a day after the last trouble: {why}; {string.Join("; ", engine.Instances().Select(Describe))}");
        }
    }

    private bool IsSettled(int minute) =>
        minute > 5 && _server.Engine is { } engine && engine.State.Plan is null && _envoys.Where(envoy => envoy.Alive).All(HoldsGoodLeaf);

    private bool HoldsGoodLeaf(ModelEnvoy envoy) => envoy.Contexts.All(context =>
        context.Enforces is not null && (context.Leaf is null || (context.Presents is { } leaf && _claims.IsGood(leaf, _server.Engine!.State.Signer))));

    private void Trace(string text) => _trace?.Add(string.Create(CultureInfo.InvariantCulture, $"{_time.Up.TotalSeconds,9:0.000} {text}"));

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
        _ => effect.GetType().Name,
    };
}
