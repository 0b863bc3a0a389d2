using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;
using SdsServer.Testing.Virtual;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>
/// The store that the simulator runs on answers each write as SQLite does, and keeps the same: what the simulator proves, it proves on the contract
/// of the real store. (Keys, tokens and registrations are nothing to the engine, and the simulator keeps none.)
/// </summary>
public sealed class SimulatorStoreTests : IDisposable
{
    private const int Steps = 250;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task It_answers_and_keeps_what_the_real_one_does(int seed)
    {
        Random random = new(seed);
        await using SqliteTrustStore real = await SqliteTrustStore.OpenAsync(_directory.Options, NullLogger.Instance, None);
        await real.BeginTermAsync(Samples.TrustDomain, Samples.KeepAll, None);
        await real.SaveAsync(Samples.State(1, 1), [], [], None);
        MemoryStore simulated = new(Samples.State(1, 1));
        simulated.BeginTerm();
        HashSet<string> outcomes = [];
        for (int step = 0; step < Steps; step++)
        {
            (string what, Func<Task<object?>> really, Func<object?> inMemory) = Draw(random, step, real, simulated);
            string expected = await OutcomeAsync(really);
            string found = await OutcomeAsync(() => Task.FromResult(inMemory()));
            Assert.True(expected == found, $"step {step}, {what}: SQLite says {expected}, the simulator's store {found}");
            outcomes.Add($"{what.Split(' ')[0]}: {expected.Split(' ')[0]}");
            if (step % 5 == 0)
            {
                Assert.Equal(Text(await real.BeginTermAsync(Samples.TrustDomain, Samples.KeepAll, None)), Text(simulated.BeginTerm()));
            }
        }

        // What was never tried is not compared.
        Assert.Equal(
            [
                "insert: False", "insert: StaleTermException", "insert: True",
                "put: StaleTermException", "put: done",
                "remove: StaleTermException", "remove: done",
                "save: StaleRevisionException", "save: StaleTermException", "save: done",
                "slots: StaleTermException", "slots: done",
                "state: StaleTermException", "state: done",
            ],
            outcomes.Order(StringComparer.Ordinal));
    }

    private static (string What, Func<Task<object?>> Really, Func<object?> InMemory) Draw(Random random, int step, SqliteTrustStore real, MemoryStore simulated)
    {
        long term = simulated.Term - (random.Next(6) == 0 ? 1 : 0);
        string instance = $"instance-{random.Next(4)}";
        int bundles = random.Next(1, 6);
        int leaves = random.Next(1, 6);
        switch (random.Next(6))
        {
            case 0:
                long revision = simulated.State.Revision + random.Next(5) switch { 0 => 0, 1 => 2, _ => 1 };
                TrustState next = Samples.State(term, revision, simulated.State.SignerRevision + random.Next(2));
                string[] expired = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Serial(random, simulated))];
                return ($"save {revision}", () => DoneAsync(real.SaveAsync(next, [], expired, None)), () => Done(() => simulated.Save(term, next, null, expired)));
            case 1:
                LedgerRow row = Samples.Row(step, instance) with { BundleSlots = bundles, LeafSlots = leaves };
                LedgerInsert insert = new(row, simulated.State.SignerRevision - (random.Next(4) == 0 ? 1 : 0));
                return ($"insert {row.Serial}", async () => (await real.InsertLeavesAsync(Samples.TrustDomain, term, [insert], None))[0], () => simulated.Insert(term, insert));
            case 2:
                string serial = Serial(random, simulated);
                LeafState state = random.GetItems([LeafState.Acked, LeafState.Nacked, LeafState.Superseded], 1)[0];
                return ($"state {serial}", () => DoneAsync(real.SetLeafStatesAsync(Samples.TrustDomain, term, [(serial, state)], None)), () => Done(() => simulated.SetLeafState(term, serial, state)));
            case 3:
                return ($"slots {instance}", () => DoneAsync(real.RaiseSlotsAsync(Samples.TrustDomain, term, instance, bundles, leaves, None)), () => Done(() => simulated.RaiseSlots(term, instance, bundles, leaves)));
            case 4:
                RosterEntry entry = Samples.Consumer(instance, bundles);
                return ($"put {instance}", () => DoneAsync(real.PutRosterAsync(Samples.TrustDomain, term, entry, None)), () => Done(() => simulated.PutRoster(term, entry)));
            default:
                return ($"remove {instance}", () => DoneAsync(real.RemoveRosterAsync(Samples.TrustDomain, term, instance, None)), () => Done(() => simulated.RemoveRoster(term, instance)));
        }
    }

    // Few, so that one row goes through several states.
    private static string Serial(Random random, MemoryStore simulated) =>
        simulated.Ledger.Select(row => row.Serial).TakeLast(6).ElementAtOrDefault(random.Next(7)) ?? "unknown";

    private static async Task<object?> DoneAsync(Task write)
    {
        await write;
        return "done";
    }

    private static string Done(Action write)
    {
        write();
        return "done";
    }

    private static async Task<string> OutcomeAsync(Func<Task<object?>> write)
    {
        try
        {
            return $"{await write()}";
        }
        catch (Exception refused) when (refused is StaleTermException or StaleRevisionException)
        {
            return $"{refused.GetType().Name} {refused.Message}";
        }
    }

    private static string Text(TrustRecord record) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        term {record.Term}, state {record.State!.Revision}, {record.State.Term}, {record.State.SignerRevision}
        {string.Join('\n', record.Ledger.OrderBy(row => row.Serial, StringComparer.Ordinal).Select(row => $"{row.Serial} {row.InstanceId} {row.BundleSlots} {row.LeafSlots} {row.State} {row.NotAfter:O}"))}
        {string.Join('\n', record.Roster.OrderBy(entry => entry.InstanceId, StringComparer.Ordinal))}
        """);
}
