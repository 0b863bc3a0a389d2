using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Cli.Demo;
using SdsServer.Core.Access;
using SdsServer.Core.Audit;
using SdsServer.Core.Rotation;
using SdsServer.Storage;
using SdsServer.Storage.Sqlite;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using Xunit.Abstractions;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>kill -9 of the real program while it encrypts the stored keys anew: it has happened or it has not, one key opens the store, and nothing is lost.</summary>
public sealed class KilledWhileRekeyingTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private const string Domain = "example.org";
    private const string Key = "key-encryption-key";
    private const string NextKey = Key + ".next";

    // More than a re-keying shows; each run that is killed at one is followed by one that is killed at the next.
    private const int MostChanges = 100;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _before = new("rekey");
    private ServerProgramFile _program = null!;
    private Content _content = null!;

    public async Task InitializeAsync()
    {
        _program = await ServerProgramFile.FindAsync(Environment.GetEnvironmentVariable("SDSSERVER_E2E_SERVER"), RepositoryRoot.Path, _ => { }, CancellationToken.None);
        await using (ServerProcess server = ServerProcess.Start(_program, _before.Path, new Dictionary<string, string>()))
        {
            await server.WaitReadyAsync(TimeProvider.System, CancellationToken.None);
            server.Kill();
        }

        using TemporaryDirectory copy = Copy();
        _content = await ReadAsync(copy);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _before.Dispose();

    [Fact]
    public async Task At_each_change_of_its_files_it_has_happened_or_it_has_not()
    {
        Dictionary<bool, int> outcomes = new() { [true] = 0, [false] = 0 };
        int renamed = 0;
        for (int change = 1; ; change++)
        {
            Assert.True(change < MostChanges, "it is always killed");
            using TemporaryDirectory data = Copy();
            bool killed = await RunAsync(data, process =>
            {
                FileSystemWatcher watcher = new(data.Path) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.Size | NotifyFilters.LastWrite };
                int left = change;
                foreach (Action<FileSystemEventHandler> subscribe in (Action<FileSystemEventHandler>[])[handler => watcher.Created += handler, handler => watcher.Changed += handler, handler => watcher.Deleted += handler])
                {
                    subscribe((_, _) => Seen());
                }

                watcher.Renamed += (_, _) => Seen();
                watcher.EnableRaisingEvents = true;
                return watcher;

                void Seen()
                {
                    if (Interlocked.Decrement(ref left) == 0)
                    {
                        Kill(process());
                    }
                }
            });
            bool under = File.Exists(data.PathOf(NextKey));
            bool happened = await CheckAsync(data);
            outcomes[happened]++;
            renamed += happened && under ? 1 : 0;
            if (!killed)
            {
                Assert.True(happened);
                break;
            }
        }

        output.WriteLine($"{outcomes[false]} times it had not happened, {outcomes[true]} times it had, {renamed} of them before the new key had its name");
        Assert.All(outcomes.Values, count => Assert.NotEqual(0, count));
    }

    [Fact]
    public async Task Killed_with_the_new_key_made_and_no_commit_it_has_not_happened()
    {
        using TemporaryDirectory data = Copy();
        using StoreStall stall = new(data.Path);
        stall.Begin();

        Assert.True(await RunAsync(data, process => Until(() => File.Exists(data.PathOf(NextKey)), process)));
        stall.Dispose();

        Assert.True(File.Exists(data.PathOf(NextKey)));
        await ServesAsync(data);
        Assert.False(await CheckAsync(data));
    }

    /// <summary>Runs it to its end, or until what watches it kills it. Whether it was killed.</summary>
    private async Task<bool> RunAsync(TemporaryDirectory data, Func<Func<Process>, IDisposable> watch)
    {
        ProcessStartInfo start = _program.StartInfo();
        start.ArgumentList.Add($"--data={data.Path}");
        start.ArgumentList.Add("--rekey");
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        TaskCompletionSource<Process> started = new();
        using IDisposable watching = watch(() => started.Task.GetAwaiter().GetResult());
        using Process process = Process.Start(start)!;
        started.SetResult(process);
        using CancellationTokenSource limit = new(s_limit);
        Task<string> said = process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode is 0 or 137, await said);
        return process.ExitCode != 0;
    }

    private static CancellationTokenSource Until(Func<bool> condition, Func<Process> process)
    {
        CancellationTokenSource stop = new(s_limit);
        Thread looking = new(() =>
        {
            while (!stop.IsCancellationRequested && !condition())
            {
                Thread.Yield();
            }

            Kill(process());
        })
        { IsBackground = true };
        looking.Start();
        return stop;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has just ended by itself.
        }
    }

    private TemporaryDirectory Copy()
    {
        TemporaryDirectory copy = new("rekey");
        foreach (string name in new[] { StoreReading.Database, StoreReading.Database + "-wal", Key })
        {
            if (File.Exists(_before.PathOf(name)))
            {
                File.Copy(_before.PathOf(name), copy.PathOf(name));
            }
        }

        return copy;
    }

    /// <summary>The real server comes up on it.</summary>
    private async Task ServesAsync(TemporaryDirectory data)
    {
        await using ServerProcess server = ServerProcess.Start(_program, data.Path, new Dictionary<string, string>());
        await server.WaitReadyAsync(TimeProvider.System, CancellationToken.None);
    }

    /// <summary>Everything is there, under one of the two keys. Whether it is the new one.</summary>
    private async Task<bool> CheckAsync(TemporaryDirectory data)
    {
        byte[] old = await File.ReadAllBytesAsync(_before.PathOf(Key));
        byte[]? left = File.Exists(data.PathOf(NextKey)) ? await File.ReadAllBytesAsync(data.PathOf(NextKey)) : null;
        Content now = await ReadAsync(data);
        byte[] key = await File.ReadAllBytesAsync(data.PathOf(Key));
        bool happened = !key.AsSpan().SequenceEqual(old);

        Assert.Equal(happened ? 1 : 0, now.Log.Count(line => line.Kind == "Rekey"));
        Assert.Equal(_content.Log, now.Log.Take(_content.Log.Length));
        Assert.Equal(_content.Keys, now.Keys);
        Assert.Equal(_content.Tokens.Length, now.Tokens.Length);
        Assert.Equal(_content.State, now.State);
        Assert.False(File.Exists(data.PathOf(NextKey)));

        // The other key opens nothing.
        byte[]? other = happened ? old : left;
        if (other is not null)
        {
            await File.WriteAllBytesAsync(data.PathOf(Key), other);
            await Assert.ThrowsAsync<StoreOpenException>(() => ReadAsync(data));
        }

        return happened;
    }

    private static async Task<Content> ReadAsync(TemporaryDirectory data)
    {
        await using SqliteTrustStore store = await SqliteTrustStore.OpenAsync(new SqliteOptions { DataDirectory = data.Path }, NullLogger.Instance, CancellationToken.None);
        TrustRecord record = await store.BeginTermAsync(Domain, DateTimeOffset.MinValue, CancellationToken.None);
        List<string> keys = [];
        foreach (Authority authority in record.State!.Authorities)
        {
            keys.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await store.ReadKeyAsync(Domain, authority.Id, CancellationToken.None))));
        }

        return new Content(
            [.. await store.ReadLogAsync(Domain, 0, int.MaxValue, CancellationToken.None)],
            [.. keys],
            [.. await store.ReadTokensAsync(Domain, CancellationToken.None)],
            $"{record.State.Signer} {record.State.Epoch} {string.Join(' ', record.State.Bundle)} {record.Ledger.Count}");
    }

    private sealed record Content(LogLine[] Log, string[] Keys, AccessToken[] Tokens, string State);
}
