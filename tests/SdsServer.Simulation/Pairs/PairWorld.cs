using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Simulation.Envoys;
using SdsServer.Testing;
using SdsServer.Testing.Virtual;
using SdsServer.Xds;

namespace SdsServer.Simulation.Pairs;

/// <summary>The production engine with real roots a and b, real leaves and real bundles, and the proxies on its streams, in virtual time.</summary>
internal sealed class PairWorld : IDisposable
{
    private readonly Random _random = new(14);
    private readonly Keyring _keyring;
    private readonly InMemoryTrustStore _keys;
    private readonly long _term;
    private readonly PairMatrix _matrix;
    private long _lastConnection;

    private PairWorld(InMemoryTrustStore keys, long term, Keyring keyring, TrustState first, RootFitness fitness, LeafSigner signer)
    {
        (_keys, _term, _keyring) = (keys, term, keyring);
        EngineSeams seams = new(
            BundleEncoder.Encode,
            fitness.FindUnfit,
            BundleEncoder.FindFault,
            length => Mesh.Hex(_random, length),
            _random);
        Server = new VirtualServer(Time, new MemoryStore(first), new FleetPolicy(), seams, _random)
        {
            // The keys were opened before: it ends before it returns.
            Signer = (sign, state) => signer.SignAsync(sign, state, CancellationToken.None).Result,
        };
        _matrix = new PairMatrix(this);
    }

    public VirtualTime Time { get; } = new();

    public VirtualServer Server { get; }

    public StreamWorld Streams { get; } = new();

    public List<TlsProxy> Proxies { get; } = [];

    public PairMatrix Matrix => _matrix;

    public TrustDomainEngine Engine => Server.Engine!;

    public TrustState State => Engine.State;

    public static async Task<PairWorld> StartAsync()
    {
        InMemoryTrustStore store = new(new SimulatedDisk());
        long term = (await store.BeginTermAsync("mesh", Mesh.Born, CancellationToken.None)).Term;
        AuthorityProfile profile = new(TrustDomain.Parse("mesh"));
        BuiltInRoot roots = new(store);
        (Authority a, TrustRoot rootOfA) = await roots.CreateAsync("a", profile, "test", term, Mesh.Born, CancellationToken.None);
        (Authority b, TrustRoot rootOfB) = await roots.CreateAsync("b", profile, "test", term, Mesh.Born, CancellationToken.None);
        Keyring keyring = new(store, "mesh");
        await keyring.OpenAsync(a, CancellationToken.None);
        await keyring.OpenAsync(b, CancellationToken.None);
        TrustState first = Mesh.First() with
        {
            Salt = "00ff",
            Roots = [rootOfA with { Since = 1, SafeAt = Mesh.Born }, rootOfB],
            Authorities = [a, b],
            Bundle = [rootOfA.Id],
        };
        PairWorld world = new(store, term, keyring, first, new RootFitness(keyring, LeafPolicy.Default, TimeSpan.Zero), new LeafSigner(keyring, LeafPolicy.Default, KeyAlgorithm.EcdsaP256));
        world.Server.Start();
        return world;
    }

    /// <summary>Makes an intermediate known, below the root of this authority.</summary>
    public async Task CreateIntermediateAsync(string id, string below)
    {
        Authority made = await new BuiltInIntermediate(_keys, _keyring).CreateAsync(
            id, State.Authority(below), new AuthorityProfile(TrustDomain.Parse("mesh")), "test", _term, Time.True, CancellationToken.None);
        await _keyring.OpenAsync(made, CancellationToken.None);
        CommandOutcome outcome = Order(order => new AddAuthority { Id = order, Actor = "op", Authority = made, Root = State.RootOf(below) });
        Assert.True(outcome.Status == CommandStatus.Done, outcome.Message);
    }

    /// <summary>kill -9 and a new process; proxies come back one after the other.</summary>
    public void Restart()
    {
        Server.Kill();
        Proxies.ForEach(proxy => proxy.Lose());
        Server.Start();
        foreach (TlsProxy proxy in Proxies)
        {
            Time.After(TimeSpan.FromSeconds(20 * _random.NextDouble()), proxy.Return);
        }
    }

    public long NextConnection() => ++_lastConnection;

    /// <summary>A process that is new; half of them speak delta.</summary>
    public TlsProxy Join(string label, string? workload = null)
    {
        TlsProxy proxy = new(this, label, workload ?? label, delta: Proxies.Count % 2 == 1);
        Proxies.Add(proxy);
        return proxy.Connect();
    }

    public CommandOutcome Order(Func<long, EngineCommand> order)
    {
        CommandOutcome? outcome = null;
        Server.Order(order, answer => outcome = answer);
        Time.RunFor(TimeSpan.Zero);
        return outcome ?? throw new InvalidOperationException("the command was not answered");
    }

    /// <summary>Lets time pass; whoever is touched by a step shakes hands after it.</summary>
    public async Task PassAsync(double seconds)
    {
        TimeSpan until = Time.Up + TimeSpan.FromSeconds(seconds);
        do
        {
            await _matrix.ShakeAsync();
        }
        while (Time.Step(until));
    }

    /// <summary>Lets time pass until the condition holds; false when it does not within ten minutes.</summary>
    public async Task<bool> UntilAsync(Func<bool> condition)
    {
        for (int second = 0; second < 600 && !condition(); second++)
        {
            await PassAsync(1);
        }

        return condition();
    }

    public void Soon(Action action) => Time.After(TimeSpan.FromMilliseconds(1 + _random.Next(40)), action);

    /// <summary>Does what a message on a stream leads to.</summary>
    public void Carry(TlsProxy proxy, SecretStream stream, SessionStep step)
    {
        foreach (FleetEvent happened in step.Events)
        {
            if (happened is SubscriptionOpened opened)
            {
                Action<Delivery> deliver = delivery => Time.After(TimeSpan.Zero, () =>
                {
                    if (stream.IsOpen)
                    {
                        Carry(proxy, stream, stream.Deliver(delivery, Time.Now.Utc));
                    }
                });
                Server.Open(opened, new SubscriptionPort(deliver, () => Time.After(TimeSpan.Zero, () => proxy.Displace(stream))));
            }
            else
            {
                Server.Post(happened);
            }
        }

        if (step.Response is { } response && stream.Read(response) is { } received)
        {
            Soon(() => proxy.Take(stream, received));
        }

        if (stream.WakeAt is { } wake)
        {
            Time.After(wake - Time.Now.Utc, () =>
            {
                if (stream.IsOpen && stream.WakeAt == wake)
                {
                    Carry(proxy, stream, stream.Wake(Time.Now.Utc));
                }
            });
        }
    }

    public void Dispose() => _keyring.Dispose();
}
