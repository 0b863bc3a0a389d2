using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Hosting;
using SdsServer.Testing;

namespace SdsServer.Tests.Hosting;

public sealed class LedgerPruningTests
{
    private const string Domain = "example.org";
    private static readonly DateTimeOffset Start = new(2031, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly SimulatedDisk _disk = new();
    private readonly ManualTime _time = new(Start);
    private TimeSpan _ahead;

    [Fact]
    public async Task Rows_go_at_the_start_and_every_hour_once_their_retention_is_over()
    {
        (InMemoryTrustStore store, long term) = await StoreAsync();
        using CancellationTokenSource stop = new();

        Task pruning = LedgerPruning.RunAsync(store, Domain, term, _ => Task.FromResult(_time.GetUtcNow() - _ahead), _time, NullLogger.Instance, stop.Token);

        Assert.Equal(["week", "day", "valid"], _disk.Ledger(Domain).Select(row => row.Serial));
        await HourAsync();
        Assert.Equal(["day", "valid"], _disk.Ledger(Domain).Select(row => row.Serial));
        await stop.CancelAsync();
        await pruning.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_wall_clock_that_is_ahead_costs_no_row_that_counts()
    {
        (InMemoryTrustStore store, long term) = await StoreAsync();
        using CancellationTokenSource stop = new();
        _time.Advance(_ahead = TimeSpan.FromDays(30));

        Task pruning = LedgerPruning.RunAsync(store, Domain, term, _ => Task.FromResult(_time.GetUtcNow() - _ahead), _time, NullLogger.Instance, stop.Token);

        Assert.Equal(["week", "day", "valid"], _disk.Ledger(Domain).Select(row => row.Serial));
        await stop.CancelAsync();
        await pruning.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_store_that_fails_is_tried_again_an_hour_later()
    {
        (InMemoryTrustStore store, long term) = await StoreAsync();
        using CancellationTokenSource stop = new();
        _disk.BeforeCommit = _ => throw new IOException("full");
        Task pruning = LedgerPruning.RunAsync(store, Domain, term, _ => Task.FromResult(_time.GetUtcNow() - _ahead), _time, NullLogger.Instance, stop.Token);
        _disk.BeforeCommit = _ => Task.CompletedTask;
        Assert.Equal(5, _disk.Ledger(Domain).Count);

        await HourAsync();

        Assert.Equal(["day", "valid"], _disk.Ledger(Domain).Select(row => row.Serial));
        await stop.CancelAsync();
        await pruning.WaitAsync(Limit);
    }

    [Fact]
    public async Task It_ends_with_its_term()
    {
        (InMemoryTrustStore store, long term) = await StoreAsync();
        await store.BeginTermAsync(Domain, DateTimeOffset.MinValue, default);

        await LedgerPruning.RunAsync(store, Domain, term, _ => Task.FromResult(_time.GetUtcNow() - _ahead), _time, NullLogger.Instance, CancellationToken.None).WaitAsync(Limit);

        Assert.Equal(0, _time.Waiting);
    }

    private async Task HourAsync()
    {
        int commits = _disk.Commits;
        _time.Advance(TimeSpan.FromHours(1));
        await Condition.AwaitAsync("the ledger to be looked at and the next wait to begin", Limit, _ => Task.FromResult(_disk.Commits > commits && _time.Waiting == 1));
    }

    private async Task<(InMemoryTrustStore Store, long Term)> StoreAsync()
    {
        InMemoryTrustStore store = new(_disk);
        long term = (await store.BeginTermAsync(Domain, DateTimeOffset.MinValue, default)).Term;
        TrustState state = new()
        {
            TrustDomain = Domain,
            Revision = 1,
            Term = term,
            Epoch = 1,
            Salt = "00",
            Floor = 1,
            Roots = [],
            Authorities = [],
            Bundle = [],
            Signer = "a",
            SeenAt = Start,
        };
        await store.SaveAsync(state, [], [], default);
        LedgerRow[] rows =
        [
            LedgerRows.Of("long ago", Start - LedgerPruning.Retention - TimeSpan.FromMinutes(1)),
            LedgerRows.Of("week", Start - LedgerPruning.Retention + TimeSpan.FromMinutes(30)),
            LedgerRows.Of("day", Start.AddDays(-1)),
            LedgerRows.Of("valid", Start.AddHours(12)),
            LedgerRows.Of("superseded", Start.AddHours(12)) with { State = LeafState.Superseded },
        ];
        await store.InsertLeavesAsync(Domain, term, [.. rows.Select(row => new LedgerInsert(row, state.SignerRevision))], default);
        return (store, term);
    }
}
