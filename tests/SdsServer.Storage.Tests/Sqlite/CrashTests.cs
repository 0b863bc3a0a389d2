using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;
using SdsServer.Storage.Tests.Processes;
using Xunit.Abstractions;
using static SdsServer.Storage.Tests.Samples;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>A killed process and a cut power line: everything acknowledged is there, and nothing is there by half.</summary>
public sealed class CrashTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_killed_process_loses_nothing_it_has_acknowledged()
    {
        HashSet<string> leaves = [];
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int round = 1; round <= 8; round++)
        {
            using ChildProcess writer = new("write", _directory.Data);
            List<string> lines = await writer.ReadLinesAsync(random.Next(1, 2_000));
            lines.AddRange(await writer.KillAsync());
            leaves.UnionWith(Values(lines, "leaf"));
            long revision = Values(lines, "revision").Select(long.Parse).DefaultIfEmpty().Max();

            await using SqliteTrustStore store = await OpenAsync(_directory.Options);
            TrustRecord found = await store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None);
            HashSet<string> stored = [.. found.Ledger.Select(row => row.Serial)];
            output.WriteLine(
                $"round {round}: killed after {lines.Count} lines; {leaves.Count} leaves acknowledged, {stored.Count} stored; "
                + $"revision {revision} acknowledged, {found.State?.Revision} stored");
            Assert.Subset(stored, leaves);
            Assert.True(found.Term > Values(lines, "term").Select(long.Parse).DefaultIfEmpty().Max());
            Assert.InRange(found.State?.Revision ?? 0, revision, long.MaxValue);
            Assert.Equal(found.State?.Revision ?? 0, (await store.ReadLogAsync(TrustDomain, 0, int.MaxValue, CancellationToken.None)).Count);
        }

        Assert.NotEmpty(leaves);
    }

    [Fact]
    public async Task A_copy_without_the_end_of_the_write_ahead_log_is_an_earlier_whole_state()
    {
        await using SqliteTrustStore store = await OpenAsync(_directory.Options);
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None)).Term;
        for (int i = 1; i <= 60; i++)
        {
            await store.SaveAsync(State(term, i), [Entry($"{i}")], [], CancellationToken.None);
            await store.InsertLeavesAsync(TrustDomain, term, [Insert(2 * i), Insert((2 * i) + 1)], CancellationToken.None);
        }

        byte[] log = await File.ReadAllBytesAsync(_directory.Database + "-wal");
        int[] lengths = [0, 1, 32, 33, log.Length / 4, log.Length / 2, log.Length - 4_097, log.Length - 1, log.Length];
        List<long> revisions = [];
        foreach (int length in lengths)
        {
            using TemporaryDirectory copy = new();
            Directory.CreateDirectory(copy.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.Copy(_directory.Database, copy.Database);
            File.Copy(_directory.Key, copy.Key);
            await File.WriteAllBytesAsync(copy.Database + "-wal", log[..length]);
            await using SqliteTrustStore restored = await OpenAsync(copy.Options);
            TrustRecord found = await restored.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None);
            long revision = found.State?.Revision ?? 0;
            Assert.Equal(revision, (await restored.ReadLogAsync(TrustDomain, 0, 99, CancellationToken.None)).Count);
            Assert.Equal(Enumerable.Range(2, found.Ledger.Count).Select(i => Row(i).Serial), found.Ledger.Select(row => row.Serial));
            Assert.Contains(found.Ledger.Count, new[] { 2 * revision, 2 * (revision - 1) });
            revisions.Add(revision);
        }

        output.WriteLine(string.Join(' ', revisions));
        Assert.Equal(revisions.Order(), revisions);
        Assert.Equal(60, revisions[^1]);
        Assert.True(revisions[0] < 60);
    }

    private static IEnumerable<string> Values(IEnumerable<string> lines, string kind) =>
        lines.Where(line => line.StartsWith(kind + " ", StringComparison.Ordinal)).Select(line => line[(kind.Length + 1)..]);

    private static Task<SqliteTrustStore> OpenAsync(SqliteOptions options) =>
        SqliteTrustStore.OpenAsync(options, NullLogger.Instance, CancellationToken.None);
}
