using SdsServer.Core.Fleet;
using SdsServer.Core.Issuance;
using SdsServer.Core.Rotation;
using SdsServer.Testing;
using static SdsServer.Storage.Tests.Samples;

namespace SdsServer.Storage.Tests;

public sealed class LedgerWriterTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly SimulatedDisk _disk = new();
    private InMemoryTrustStore _store = null!;
    private LedgerWriter _writer = null!;
    private long _term;

    public async Task InitializeAsync()
    {
        _store = new InMemoryTrustStore(_disk);
        _term = (await _store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
        await _store.SaveAsync(State(_term, 1), [], [], None);
        _writer = new LedgerWriter(_store, TrustDomain, _term);
    }

    public async Task DisposeAsync() => await _writer.DisposeAsync();

    ValueTask IAsyncDisposable.DisposeAsync() => _writer.DisposeAsync();

    [Fact]
    public async Task Rows_that_come_during_a_commit_are_written_together_in_the_next()
    {
        int before = _disk.Commits;
        (Task<bool> first, TaskCompletionSource go) = await HoldFirstCommitAsync();
        Task<bool>[] rest = [.. Enumerable.Range(1, 500).Select(i => _writer.InsertAsync(Insert(i), None))];
        Assert.DoesNotContain(rest, it => it.IsCompleted);
        go.SetResult();

        Assert.True(await first);
        Assert.All(await Task.WhenAll(rest), Assert.True);
        Assert.Equal(before + 2, _disk.Commits);
        Assert.Equal(501, (await LedgerAsync()).Count);
    }

    [Fact]
    public async Task A_commit_has_at_most_so_many_rows_and_the_queue_holds_back_its_callers()
    {
        await using LedgerWriter small = new(_store, TrustDomain, _term, capacity: 4, rowsPerCommit: 3);
        int before = _disk.Commits;
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 100).Select(i => small.InsertAsync(Insert(i), None))), Assert.True);
        Assert.InRange(_disk.Commits - before, 34, 100);
        Assert.Equal(100, (await LedgerAsync()).Count);
    }

    [Fact]
    public async Task A_full_queue_makes_callers_wait_and_lets_them_cancel()
    {
        await using LedgerWriter small = new(_store, TrustDomain, _term, capacity: 2);
        (Task<bool> first, TaskCompletionSource go) = await HoldFirstCommitAsync(small);
        Task<bool>[] queued = [small.InsertAsync(Insert(1), None), small.InsertAsync(Insert(2), None)];
        using CancellationTokenSource impatient = new();
        Task<bool> waiting = small.InsertAsync(Insert(3), impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        go.SetResult();
        Assert.All(await Task.WhenAll([first, .. queued]), Assert.True);
        Assert.Equal([0, 1, 2], await LedgerAsync());
    }

    [Fact]
    public async Task A_refused_row_is_told_its_own_caller_only()
    {
        (Task<bool> first, TaskCompletionSource go) = await HoldFirstCommitAsync();
        Task<bool> good = _writer.InsertAsync(Insert(1), None);
        Task<bool> moved = _writer.InsertAsync(Insert(2, signerRevision: 9), None);
        go.SetResult();
        bool[] written = await Task.WhenAll(first, good, moved);
        Assert.Equal([true, true, false], written);
        Assert.Equal([0, 1], await LedgerAsync());
    }

    [Fact]
    public async Task A_failed_commit_fails_exactly_its_rows()
    {
        (Task<bool> first, TaskCompletionSource go) = await HoldFirstCommitAsync();
        Task<bool>[] second = [_writer.InsertAsync(Insert(1), None), _writer.InsertAsync(Insert(2), None)];
        go.SetException(new IOException("first"));
        Assert.Equal("first", (await Assert.ThrowsAsync<IOException>(() => first)).Message);
        Assert.All(await Task.WhenAll(second), Assert.True);
        Assert.True(await _writer.InsertAsync(Insert(3), None));
        Assert.Equal([1, 2, 3], await LedgerAsync());
    }

    [Fact]
    public async Task A_row_cancelled_while_it_waits_is_not_written_and_its_neighbours_are()
    {
        (Task<bool> first, TaskCompletionSource go) = await HoldFirstCommitAsync();
        using CancellationTokenSource impatient = new();
        Task<bool> kept = _writer.InsertAsync(Insert(1), None);
        Task<bool> cancelled = _writer.InsertAsync(Insert(2), impatient.Token);
        Task<bool> alsoKept = _writer.InsertAsync(Insert(3), None);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        go.SetResult();
        Assert.All(await Task.WhenAll(first, kept, alsoKept), Assert.True);
        Assert.Equal([0, 1, 3], await LedgerAsync());
    }

    [Fact]
    public async Task A_row_cancelled_during_its_commit_lets_its_caller_go_and_the_commit_go_on()
    {
        using CancellationTokenSource impatient = new();
        (Task<bool> first, TaskCompletionSource go) = await HoldFirstCommitAsync(cancellation: impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.SetResult();
        Assert.True(await _writer.InsertAsync(Insert(1), None));
        Assert.Equal([0, 1], await LedgerAsync());
    }

    [Fact]
    public async Task After_the_term_has_ended_every_row_fails()
    {
        await _store.BeginTermAsync(TrustDomain, KeepAll, None);
        await Assert.ThrowsAsync<StaleTermException>(() => _writer.InsertAsync(Insert(1), None));
        await Assert.ThrowsAsync<StaleTermException>(() => _writer.InsertAsync(Insert(2), None));
        Assert.Empty(await LedgerAsync());
    }

    [Fact]
    public async Task Disposal_writes_what_waits_and_takes_no_more()
    {
        (Task<bool> first, TaskCompletionSource go) = await HoldFirstCommitAsync();
        Task<bool> waiting = _writer.InsertAsync(Insert(1), None);
        ValueTask disposed = _writer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _writer.InsertAsync(Insert(2), None));
        go.SetResult();
        await disposed;
        Assert.All(await Task.WhenAll(first, waiting), Assert.True);
        Assert.Equal([0, 1], await LedgerAsync());
    }

    private async Task<(Task<bool> First, TaskCompletionSource Go)> HoldFirstCommitAsync(
        LedgerWriter? writer = null, CancellationToken cancellation = default)
    {
        TaskCompletionSource begun = new(), go = new();
        _disk.BeforeCommit = async _ =>
        {
            _disk.BeforeCommit = _ => Task.CompletedTask;
            begun.SetResult();
            await go.Task;
        };
        Task<bool> first = (writer ?? _writer).InsertAsync(Insert(0), cancellation);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), None);
        return (first, go);
    }

    private async Task<List<int>> LedgerAsync() =>
        [.. (await _store.BeginTermAsync(TrustDomain, KeepAll, None)).Ledger.Select(row => Convert.ToInt32(row.Serial, 16))];
}
