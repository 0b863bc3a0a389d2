using System.Buffers.Binary;
using System.Diagnostics;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;
using SdsServer.Storage.Sqlite.Tables;
using Xunit.Abstractions;
using static SdsServer.Storage.Tests.Samples;

namespace SdsServer.Storage.Tests.Sqlite;

public sealed class LargeLedgerTests(ITestOutputHelper output) : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_hundred_thousand_rows_are_written_loaded_changed_and_pruned()
    {
        const int rows = 100_000;
        await using SqliteTrustStore store = await SqliteTrustStore.OpenAsync(_directory.Options, NullLogger.Instance, None);
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
        await store.SaveAsync(State(term, 1), [], [], None);
        long commits = await CountCommitsAsync(store, async () =>
        {
            foreach (int[] batch in Enumerable.Range(0, rows).Chunk(1_000))
            {
                await store.InsertLeavesAsync(TrustDomain, term, [.. batch.Select(i => Insert(i, instance: $"instance-{i / 2}"))], None);
            }
        });
        Assert.Equal(rows / 1_000, commits);

        long start = Stopwatch.GetTimestamp();
        TrustRecord found = await store.BeginTermAsync(TrustDomain, KeepAll, None);
        output.WriteLine($"loading {rows} rows: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        Assert.Equal(rows, found.Ledger.Count);
        term = found.Term;

        start = Stopwatch.GetTimestamp();
        (string, LeafState)[] superseded = [.. Enumerable.Range(0, 20_000).Select(i => (Row(i).Serial, LeafState.Superseded))];
        commits = await CountCommitsAsync(store, () => store.SetLeafStatesAsync(TrustDomain, term, superseded, None));
        output.WriteLine($"changing 20000 rows: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        Assert.Equal(1, commits);

        start = Stopwatch.GetTimestamp();
        Assert.Equal(20_000, await store.PruneLedgerAsync(TrustDomain, term, KeepAll, None));
        output.WriteLine($"pruning 20000 rows: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
    }

    [Theory]
    [InlineData(Leaves.SpentIds, "leaves_superseded,leaves_by_expiry")]
    [InlineData("UPDATE leaves SET leaf_slots = 1 WHERE trust_domain = 1 AND instance_id = 'i'", "leaves_by_instance")]
    [InlineData("UPDATE leaves SET state = 's' WHERE trust_domain = 1 AND serial = 's'", "sqlite_autoindex_leaves_1")]
    [InlineData("SELECT * FROM decisions WHERE trust_domain = 1 AND number > 1 ORDER BY number", "decisions_by_trust_domain")]
    public async Task No_write_and_no_page_of_the_log_reads_a_whole_table(string sql, string indexes)
    {
        await using SqliteTrustStore store = await SqliteTrustStore.OpenAsync(_directory.Options, NullLogger.Instance, None);
        string plan = string.Join('\n', await store.Database.ReadAsync(
            it => it.Query("EXPLAIN QUERY PLAN " + sql, new { trustDomain = 1, keepFrom = 1, limit = 1 }).Select(row => (string)row.detail).ToList(), None));
        Assert.All(indexes.Split(','), index => Assert.Contains(index, plan, StringComparison.Ordinal));
        Assert.DoesNotContain("SCAN", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    private async Task<long> CountCommitsAsync(SqliteTrustStore store, Func<Task> work)
    {
        await store.Database.ReadAsync(it => it.Execute("PRAGMA wal_autocheckpoint = 0; PRAGMA wal_checkpoint(TRUNCATE)"), None);
        await work();
        return CommitsIn(_directory.Database + "-wal");
    }

    // SQLite's file format, section 4.1: a 32-byte header, then frames of a 24-byte header and a page;
    // the second word of a frame's header is zero but in the last frame of a commit.
    private static int CommitsIn(string log)
    {
        using FileStream file = new(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        int commits = 0;
        Span<byte> frame = stackalloc byte[24];
        for (long offset = 32; offset < file.Length; offset += frame.Length + 4_096)
        {
            file.Position = offset;
            file.ReadExactly(frame);
            commits += BinaryPrimitives.ReadUInt32BigEndian(frame[4..]) == 0 ? 0 : 1;
        }

        return commits;
    }
}
