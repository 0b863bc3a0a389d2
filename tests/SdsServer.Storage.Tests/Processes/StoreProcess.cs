using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Fleet;
using SdsServer.Core.Issuance;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;
using static SdsServer.Storage.Tests.Samples;

namespace SdsServer.Storage.Tests.Processes;

/// <summary>
/// A process that owns a data directory until it is killed: "hold" only opens it, "write" writes as fast as it can and prints
/// each write after its acknowledgement, one line each.
/// </summary>
internal static class StoreProcess
{
    private static readonly Lock Output = new();

    public static async Task RunAsync(string mode, string dataDirectory)
    {
        await using SqliteTrustStore store =
            await SqliteTrustStore.OpenAsync(new SqliteOptions { DataDirectory = dataDirectory }, NullLogger.Instance, CancellationToken.None);
        Print("open");
        if (mode == "write")
        {
            await WriteAsync(store);
        }

        await Task.Delay(Timeout.Infinite);
    }

    private static async Task WriteAsync(SqliteTrustStore store)
    {
        TrustRecord record = await store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None);
        Print($"term {record.Term}");
        long revision = record.State?.Revision ?? 0;
        await SaveAsync(store, record.Term, ++revision);
        await using LedgerWriter ledger = new(store, TrustDomain, record.Term);
        await Task.WhenAll([SaveForeverAsync(store, record.Term, revision), .. Enumerable.Range(0, 24).Select(_ => InsertForeverAsync(ledger))]);
    }

    private static async Task InsertForeverAsync(LedgerWriter ledger)
    {
        while (true)
        {
            LedgerRow row = Row(1) with { Serial = RandomNumberGenerator.GetHexString(32, lowercase: true) };
            if (await ledger.InsertAsync(new LedgerInsert(row, SignerRevision: 1), CancellationToken.None))
            {
                Print($"leaf {row.Serial}");
            }
        }
    }

    private static async Task SaveForeverAsync(SqliteTrustStore store, long term, long revision)
    {
        while (true)
        {
            await SaveAsync(store, term, ++revision);
        }
    }

    private static async Task SaveAsync(SqliteTrustStore store, long term, long revision)
    {
        await store.SaveAsync(State(term, revision), [Entry($"{revision}")], [], CancellationToken.None);
        Print($"revision {revision}");
    }

    private static void Print(string line)
    {
        lock (Output)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
