using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>The engine with its store, its clocks and scripted proxies, for tests that tell one story.</summary>
internal sealed class EngineWorld
{
    public static readonly RotationPolicy Quick = new() { TrustSoak = TimeSpan.Zero, DropSoak = TimeSpan.Zero, WaveSoak = TimeSpan.Zero, CanarySoak = TimeSpan.Zero };

    public static readonly RotationPolicy Manual = Quick with { TrustGate = GatePolicy.Approval, WaveGate = GatePolicy.Approval, DropGate = GatePolicy.Approval };

    private long _lastConnection;
    private long _lastSubscription;
    private int _lastRotation;

    public EngineWorld(FleetPolicy? policy = null, IEnumerable<LedgerRow>? ledger = null, int seed = 1, EngineSeams? seams = null, TimeSpan? lifetime = null, TrustState? first = null)
    {
        Policy = policy ?? new FleetPolicy();
        Store = new MemoryStore(first ?? Mesh.First());
        foreach (LedgerRow row in ledger ?? [])
        {
            Store.Put(row);
        }

        Random random = new(seed);
        Server = new VirtualServer(Time, Store, Policy, seams ?? Mesh.Seams(random), random) { LeafLifetime = lifetime ?? TimeSpan.FromHours(24) };
        Server.Seen = Effects.Add;
        Server.Start();
        Pass(0.1);
    }

    public FleetPolicy Policy { get; }

    public VirtualTime Time { get; } = new();

    public MemoryStore Store { get; }

    public VirtualServer Server { get; }

    /// <summary>Every effect there was, oldest first.</summary>
    public List<EngineEffect> Effects { get; } = [];

    public TrustDomainEngine Engine => Server.Engine!;

    public TrustState State => Engine.State;

    /// <summary>Roots in the bundle, in order, with commas.</summary>
    public string Bundle => string.Join(",", State.Bundle);

    public IEnumerable<string> Notes => Effects.OfType<Noted>().Select(noted => noted.Text);

    public long NextConnection() => ++_lastConnection;

    public long NextSubscription() => ++_lastSubscription;

    public Sidecar Sidecar(string name, bool bundleOnly = false, ProxyTraits? traits = null, Uri? admin = null, string? peer = null) =>
        new(this, new InstanceKey($"spiffe://mesh/{name}", name, peer ?? $"user:{name}"), new Workload($"spiffe://mesh/{name}", [], bundleOnly)) { Traits = traits, Admin = admin };

    /// <summary>Another process of the same identity.</summary>
    public Sidecar Sibling(Sidecar of, string node) => new(this, of.Key with { NodeId = node, Peer = $"user:{node}" }, new Workload(of.Key.SpiffeId, [], BundleOnly: false));

    /// <summary>Some proxies that do all they should.</summary>
    public ImmutableArray<Sidecar> Fleet(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Sidecar(string.Create(CultureInfo.InvariantCulture, $"fleet{i}")).Start())];

    public void Pass(double seconds) => Time.RunFor(TimeSpan.FromSeconds(seconds));

    public void Pass(TimeSpan span) => Time.RunFor(span);

    /// <summary>kill -9, and a new life; connections are gone.</summary>
    public void Restart(params IEnumerable<Sidecar> fleet)
    {
        Server.Kill();
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Disconnect();
        }

        Server.Start();
        Pass(0.1);
    }

    public CommandOutcome Do(Func<long, EngineCommand> order)
    {
        CommandOutcome? outcome = null;
        Server.Order(order, answer => outcome = answer);
        Pass(0.05);
        return outcome ?? throw new InvalidOperationException("the command was not answered");
    }

    public CommandOutcome Rotate(
        string to, RotationPolicy? policy = null, string? request = null, RotationKind kind = RotationKind.Planned, string? compromised = null, bool validateOnly = false)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"r{++_lastRotation}");
        return Do(command => new StartRotation
        {
            Id = command,
            Actor = "op",
            RequestId = request ?? id,
            RotationId = id,
            To = to,
            Kind = kind,
            Compromised = compromised,
            ValidateOnly = validateOnly,
            Policy = policy ?? Quick,
        });
    }

    public CommandOutcome Role(string authority, AuthorityRole role) =>
        Do(command => new SetRole { Id = command, Actor = "op", AuthorityId = authority, Role = role, RotationId = string.Create(CultureInfo.InvariantCulture, $"r{++_lastRotation}"), Policy = Quick });

    public CommandOutcome Override(Gate gate, params string[] names) =>
        Do(id => new AdvanceRotation { Id = id, Actor = "op", Gate = gate, Override = [.. names], Reason = "it is broken anyway" });

    /// <summary>Another authority under the first root.</summary>
    public void AddIntermediate(string id) => Do(command => new AddAuthority { Id = command, Actor = "op", Authority = Mesh.Authority(id, "A"), Root = Mesh.Root("A") });

    public CommandOutcome Turn(RotationGoal goal) => Do(id => new TurnRotation { Id = id, Actor = "op", Goal = goal });

    public CommandOutcome Advance(Gate? gate = null) => Do(id => new AdvanceRotation { Id = id, Actor = "op", Gate = gate });

    public CommandOutcome Unhold(HoldCause? cause = null) => Do(id => new UnholdRotation { Id = id, Actor = "op", Reason = "seen to", Cause = cause });

    public CommandOutcome Retire(string instance) => Do(id => new RetireInstance { Id = id, Actor = "op", InstanceId = instance });

    /// <summary>Asserts that nothing has gone wrong on the way.</summary>
    public void AssertSound() => Assert.DoesNotContain(Notes, note => note.StartsWith("invariant", StringComparison.Ordinal));
}
