using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Hosting;
using SdsServer.Storage.Sqlite;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Tests.Hosting;

#pragma warning disable CA1001 // xunit disposes of it by IAsyncLifetime.
/// <summary>The engine with its real store, real keys and real leaves; only the proxies are played.</summary>
public sealed class TrustDomainLoopTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly TemporaryDirectory _directory = new("sdsserver-loop");
    private readonly ServerSettings _settings;
    private SqliteTrustStore _store = null!;
    private Keyring _keyring = null!;
    private TrustDomainLoop _loop = null!;

    public TrustDomainLoopTests()
    {
        ServerOptions options = new() { DataDirectory = Path.Combine(_directory.Path, "data") };
        options.Fleet = options.Fleet with { ReconnectWindow = TimeSpan.FromMilliseconds(50), ReconnectSpread = TimeSpan.FromMilliseconds(1) };
        options.Rotation = options.Rotation with { TrustSoak = TimeSpan.Zero, Waves = "100%", MaxInFlight = 1_000, DropSoak = TimeSpan.Zero };
        _settings = ServerSettings.From(options);
    }

    public async Task InitializeAsync() => await StartAsync();

    public async Task DisposeAsync()
    {
        await StopAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_rotation_moves_every_proxy_to_the_new_root()
    {
        ObedientProxy[] fleet = [.. Enumerable.Range(0, 5).Select(number => new ObedientProxy(_loop, $"svc-{number}"))];
        await AwaitAsync("every proxy has a leaf", () => fleet.All(proxy => proxy.Leaf is not null));
        string old = (await StateAsync()).Signer;
        string to = await AddRootAsync("root-two");

        CommandOutcome started = await _loop.OrderAsync(
            id => new StartRotation { Id = id, Actor = "test", RequestId = "r1", RotationId = "r1", To = to, Policy = _settings.Rotation }, default);

        Assert.Equal(CommandStatus.Done, started.Status);
        await Condition.AwaitAsync("the rotation to end", Limit, async _ => (await StateAsync()).Plan is null ? _loop : null);
        TrustState state = await StateAsync();
        Assert.Equal(to, state.Signer);
        Assert.Equal(state.RootOf(to).Id, Assert.Single(state.Bundle));
        Certificate root = Certificate.Parse(state.RootOf(to).Certificate.AsSpan());
        Assert.All(fleet, proxy => Assert.True(Certificate.ParsePem(proxy.Leaf!.ChainPem.Span)[0].IsSignedBy(root)));
        Assert.NotEqual(old, state.Signer);
    }

    [Fact]
    public async Task A_silent_proxy_keeps_the_gate_shut_and_is_named()
    {
        ObedientProxy good = new(_loop, "good");
        ObedientProxy silent = new(_loop, "silent");
        await AwaitAsync("both to have a leaf", () => good.Leaf is not null && silent.Leaf is not null);
        silent.Accepts = false;
        string to = await AddRootAsync("root-two");

        await _loop.OrderAsync(id => new StartRotation { Id = id, Actor = "test", RequestId = "r1", RotationId = "r1", To = to, Policy = _settings.Rotation }, default);
        await AwaitAsync("the bundle to go out", () => good.Bundle?.Epoch == 2);

        Refusal refusal = (await _loop.ReadAsync(engine => engine.Outlook(), default))!.Value.Refusal!;
        Blocker blocker = Assert.Single(refusal.Blockers, blocker => blocker.SpiffeId.Length > 0 && blocker.NodeId == "silent");
        Assert.Equal(BlockerReason.PendingAck, blocker.Reason);
        Assert.Equal(RotationPhase.Distributing, await _loop.ReadAsync(engine => engine.Phase, default));
    }

    [Fact]
    public async Task A_restart_remembers_who_holds_a_leaf()
    {
        ObedientProxy proxy = new(_loop, "web");
        await AwaitAsync("a leaf", () => proxy.Leaf is not null);
        string before = (await StateAsync()).Signer;

        await StopAsync();
        await StartAsync();

        Assert.Equal(before, (await StateAsync()).Signer);
        Assert.Equal(2, (await StateAsync()).Term);
        Assert.Equal("web", Assert.Single(await _loop.ReadAsync(engine => engine.Instances(), default)).Key.NodeId);
    }

    [Fact]
    public async Task A_clock_that_is_wrong_at_a_restart_leaves_nobody_out_of_the_rotation_under_way()
    {
        ObedientProxy proxy = new(_loop, "web");
        await AwaitAsync("a leaf", () => proxy.Leaf is not null);
        proxy.Accepts = false;
        string to = await AddRootAsync("root-two");
        await _loop.OrderAsync(id => new StartRotation { Id = id, Actor = "test", RequestId = "r1", RotationId = "r1", To = to, Policy = _settings.Rotation }, default);

        await StopAsync();
        await StartAsync(new FastClock(TimeSpan.FromDays(30)));

        Assert.Equal("web", Assert.Single(await _loop.ReadAsync(engine => engine.Instances(), default)).Key.NodeId);
        Assert.Equal(1, await _loop.ReadAsync(engine => engine.Floor, default));
    }

    // Evidence such as a proven epoch has no effect of its own.
    [Fact]
    public async Task Whoever_watches_learns_of_an_event_without_effects()
    {
        Task changed = _loop.ChangedAsync(default);

        _loop.Post(new ClockTicked());

        await changed.WaitAsync(Limit);
    }

    [Fact]
    public async Task Nobody_waits_for_a_loop_that_has_failed()
    {
        using CancellationTokenSource neverCancelled = new();
        TaskCompletionSource inside = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim hold = new();
        Task<int> holding = _loop.ReadAsync(_ => { inside.SetResult(); hold.Wait(Limit); return 1; }, neverCancelled.Token);
        await inside.Task.WaitAsync(Limit);
        bool handled = false;
        Task<bool> queued = _loop.ReadAsync(_ => handled = true, neverCancelled.Token);

        _loop.Fail(new StaleTermException(1, 2));
        hold.Set();

        await Assert.ThrowsAsync<StaleTermException>(() => queued.WaitAsync(Limit));
        await Assert.ThrowsAsync<StaleTermException>(() => _loop.ReadAsync(_ => 0, neverCancelled.Token).WaitAsync(Limit));
        await Assert.ThrowsAsync<StaleTermException>(() => _loop.OrderAsync(
            id => new HoldRotation { Id = id, Actor = "test" }, neverCancelled.Token).WaitAsync(Limit));
        await StopAsync();
        Assert.False(handled);
        await StartAsync();
    }

    private async Task StartAsync(TimeProvider? time = null)
    {
        _store = await SqliteTrustStore.OpenAsync(new SqliteOptions { DataDirectory = _settings.DataDirectory }, NullLogger.Instance, default);
        _keyring = new Keyring(_store, "example.org");
        RootFitness fitness = new(_keyring, _settings.Leaves, TimeSpan.Zero);
        _loop = await TrustDomainStartup.StartAsync(_settings, _store, _keyring, fitness, time ?? TimeProvider.System, NullLogger<TrustDomainLoop>.Instance, default);
    }

    private async Task StopAsync()
    {
        await _loop.DisposeAsync();
        _keyring.Dispose();
        await _store.DisposeAsync();
    }

    private Task<TrustDomainLoop> AwaitAsync(string what, Func<bool> condition) =>
        Condition.AwaitAsync(what, Limit, _ => Task.FromResult(condition() ? _loop : null));

    private Task<TrustState> StateAsync() => _loop.ReadAsync(engine => engine.State, default);

    private async Task<string> AddRootAsync(string id)
    {
        TrustState state = await StateAsync();
        (Authority authority, TrustRoot root) = await new BuiltInRoot(_store).CreateAsync(
            id, new AuthorityProfile(_settings.TrustDomain), "test", state.Term, TimeProvider.System.GetUtcNow(), default);
        await _keyring.OpenAsync(authority, default);
        await _loop.OrderAsync(command => new AddAuthority { Id = command, Actor = "test", Authority = authority, Root = root }, default);
        return id;
    }

    private sealed class FastClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
    }
}
