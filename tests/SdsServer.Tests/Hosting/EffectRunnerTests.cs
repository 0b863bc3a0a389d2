using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Hosting;
using SdsServer.Testing;
using SdsServer.Tests.Admin;

namespace SdsServer.Tests.Hosting;

#pragma warning disable CA1001 // xunit disposes of it by IAsyncLifetime.
/// <summary>An instance's durable writes keep their order, and none is lost when the store fails in between.</summary>
public sealed class EffectRunnerTests : IAsyncLifetime
{
    private const string Domain = "example.org";

    private readonly ConcurrentQueue<string> _begun = new();
    private readonly ConcurrentQueue<string> _done = new();
    private AdminHost _host = null!;
    private TrustState _state = null!;
    private Keyring _keyring = null!;
    private EffectRunner _effects = null!;

    public async Task InitializeAsync()
    {
        _host = await AdminHost.StartAsync();
        _state = await _host.StateAsync();
        _keyring = new Keyring(_host.Store, Domain);
        _host.Disk.BeforeCommit = BeginAsync;
        _host.Disk.AfterCommit = method =>
        {
            _done.Enqueue(method);
            return Task.CompletedTask;
        };
        _effects = new EffectRunner(
            _host.Store, new LeafSigner(_keyring, LeafPolicy.Default, KeyAlgorithm.EcdsaP256), Domain, _state.Term, TimeProvider.System, NullLogger<TrustDomainLoop>.Instance);
    }

    public async Task DisposeAsync()
    {
        await _effects.DisposeAsync();
        _keyring.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Slots_are_raised_after_the_row_that_is_on_its_way()
    {
        TaskCompletionSource insert = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _host.Disk.BeforeCommit = method => method == "InsertLeavesAsync" ? insert.Task : BeginAsync(method);

        Run(Insert("i1"));
        Run(new RaiseSlots("i1", 5, 3));
        Run(new RaiseSlots("i2", 2, 2));

        await UntilAsync(() => _done.Contains("RaiseSlotsAsync"));
        Assert.Single(_begun, "RaiseSlotsAsync");
        insert.SetResult();
        await UntilAsync(() => _done.Count(method => method == "RaiseSlotsAsync") == 2);
        Assert.Equal((5, 3), Assert.Single(_host.Disk.Ledger(Domain).Select(row => (row.BundleSlots, row.LeafSlots))));
    }

    [Fact]
    public async Task A_row_that_is_not_taken_holds_nothing_up()
    {
        _host.Disk.BeforeCommit = method => method == "InsertLeavesAsync" ? throw new IOException("full") : BeginAsync(method);

        Run(Insert("i1"));
        Run(new RaiseSlots("i1", 5, 3));

        await UntilAsync(() => _done.Contains("RaiseSlotsAsync"));
        Assert.Empty(_host.Disk.Ledger(Domain));
    }

    [Fact]
    public async Task Slots_that_the_store_did_not_take_are_raised_before_the_next_row_is_written()
    {
        Run(Insert("i1"));
        await UntilAsync(() => _done.Contains("InsertLeavesAsync"));
        int failures = 1;
        _host.Disk.BeforeCommit = method => method == "RaiseSlotsAsync" && Interlocked.Decrement(ref failures) >= 0 ? throw new IOException("full") : BeginAsync(method);

        Run(new RaiseSlots("i1", 5, 3));
        Run(Insert("i1", "02"));

        await UntilAsync(() => _done.Count(method => method == "InsertLeavesAsync") == 2);
        Assert.Equal(["InsertLeavesAsync", "RaiseSlotsAsync", "InsertLeavesAsync"], _done.Where(method => method is "InsertLeavesAsync" or "RaiseSlotsAsync"));
        Assert.All(_host.Disk.Ledger(Domain), row => Assert.Equal((5, 3), (row.BundleSlots, row.LeafSlots)));
    }

    [Fact]
    public async Task A_roster_entry_that_is_tried_again_does_not_outlive_its_removal()
    {
        int failures = 1;
        _host.Disk.BeforeCommit = method => method == "PutRosterAsync" && Interlocked.Decrement(ref failures) >= 0 ? throw new IOException("full") : BeginAsync(method);

        Run(new WriteRoster(new RosterEntry("i1", LedgerRows.Of("01", DateTimeOffset.MaxValue).Key, 1)));
        Run(new RemoveRoster("i1"));

        await UntilAsync(() => _done.Contains("PutRosterAsync") && _done.Contains("RemoveRosterAsync"));
        Assert.Empty(_host.Disk.Roster(Domain));
    }

    [Fact]
    public async Task Old_rows_go_at_the_start_of_a_term()
    {
        ConcurrentQueue<string> written = new();
        SimulatedDisk disk = new()
        {
            AfterCommit = method =>
            {
                written.Enqueue(method);
                return Task.CompletedTask;
            },
        };
        await using InMemoryTrustStore store = new(disk);
        ServerSettings settings = ServerSettings.From(new ServerOptions());
        using Keyring keyring = new(store, settings.TrustDomain.Name);
        await using TrustDomainLoop loop = await TrustDomainStartup.StartAsync(
            settings, store, keyring, new RootFitness(keyring, settings.Leaves, TimeSpan.Zero), TimeProvider.System, NullLogger<TrustDomainLoop>.Instance, default);

        await UntilAsync(() => written.Contains("PruneLedgerAsync"));
    }

    private Task BeginAsync(string method)
    {
        _begun.Enqueue(method);
        return Task.CompletedTask;
    }

    private void Run(EngineEffect effect) => _effects.Run(effect, _state, _host.Loop);

    private WriteLedger Insert(string instance, string serial = "01") =>
        new(long.MaxValue, new LedgerInsert(LedgerRows.Of(serial, _state.SeenAt.AddDays(1), instance), _state.SignerRevision));

    private static Task UntilAsync(Func<bool> condition) => AdminHost.UntilAsync("the store to have it", condition);
}
