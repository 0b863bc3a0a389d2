using System.Diagnostics;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;
using Xunit.Abstractions;
using static SdsServer.Storage.Tests.Samples;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>A disk without room: writes fail whole, reads go on, and with room again so do writes, without a restart.</summary>
public sealed class FullDiskTests(ITestOutputHelper output) : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_database_that_may_not_grow()
    {
        await using SqliteTrustStore store = await OpenAsync();
        long pages = await store.Database.ReadAsync(it => it.ExecuteScalar<long>("PRAGMA page_count"), None);
        await CheckAsync(
            store,
            fill: () => store.Database.ReadAsync(it => it.Execute($"PRAGMA max_page_count = {pages + 60}"), None),
            makeRoom: () => store.Database.ReadAsync(it => it.Execute("PRAGMA max_page_count = 1000000"), None));
    }

    [Fact]
    public async Task A_full_file_system()
    {
        Directory.CreateDirectory(_directory.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (!await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", _directory.Data))
        {
            output.WriteLine("not run: mounting a small tmpfs needs root");
            return;
        }

        try
        {
            await using SqliteTrustStore store = await OpenAsync();
            string filler = Path.Combine(_directory.Data, "filler");
            await CheckAsync(store, fill: () => Task.FromResult(Fill(filler)), makeRoom: () => Task.Run(() => File.Delete(filler)));
        }
        finally
        {
            Assert.True(await RunAsync("umount", _directory.Data));
        }
    }

    private static async Task CheckAsync(SqliteTrustStore store, Func<Task> fill, Func<Task> makeRoom)
    {
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
        await store.SaveAsync(State(term, 1), [Entry("1")], [], None);
        await store.AddTokenAsync(TrustDomain, term, Token("t"), Entry("token"), None);
        await fill();

        int next = 0;
        IOException? error = null;
        while (error is null)
        {
            LedgerInsert[] batch = [.. Enumerable.Range(next, 50).Select(i => Insert(i, instance: $"i{i}"))];
            error = await Record.ExceptionAsync(() => store.InsertLeavesAsync(TrustDomain, term, batch, None)) as IOException;
            next += error is null ? batch.Length : 0;
        }

        Assert.Contains("full", error.Message, StringComparison.Ordinal);
        Assert.InRange(next, 1, 100_000);
        Assert.Single(await store.ReadTokensAsync(TrustDomain, None));
        Assert.Equal(2, (await store.ReadLogAsync(TrustDomain, 0, 9, None)).Count);
        await makeRoom();

        Assert.Equal([true], await store.InsertLeavesAsync(TrustDomain, term, [Insert(next)], None));
        await store.SaveAsync(State(term, 2), [Entry("2")], [], None);
        TrustRecord found = await store.BeginTermAsync(TrustDomain, KeepAll, None);
        Assert.Equal(Enumerable.Range(0, next + 1).Select(i => Row(i).Serial), found.Ledger.Select(row => row.Serial));
        Assert.Equal(2, found.State!.Revision);
        Assert.Equal("ok", await store.Database.ReadAsync(it => it.QueryFirst<string>("PRAGMA integrity_check"), None));
    }

    private static long Fill(string path)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[4_096];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Room for some batches, so that one of them breaks off in its middle.
            file.SetLength(file.Length - 300_000);
            return file.Length;
        }
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private Task<SqliteTrustStore> OpenAsync() => SqliteTrustStore.OpenAsync(_directory.Options, NullLogger.Instance, None);
}
