using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Testing.Processes;
using SQLitePCL;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>What a store held after one of its commits.</summary>
/// <param name="Term">The leader's term.</param>
/// <param name="State">The trust state; null before the first.</param>
/// <param name="Leaves">State of each leaf in the ledger, by serial in lower-case hex.</param>
/// <param name="Slots">All slots in the ledger.</param>
/// <param name="Keys">Authorities' keys.</param>
/// <param name="Tokens">Bearer tokens.</param>
/// <param name="Log">The decisions.</param>
internal sealed record StoreReading(
    long Term, JsonObject? State, ImmutableDictionary<string, string> Leaves, long Slots, long Keys, long Tokens, ImmutableArray<string> Log)
{
    public const string Database = "sds.db";

    public long Epoch => State?["epoch"]?.GetValue<long>() ?? 0;

    /// <summary>Reads a copy: the store itself is left as the server has left it.</summary>
    /// <param name="dataDirectory">Of a server that does not run.</param>
    /// <param name="end">Where the log is cut off, in bytes; what comes after it has not happened.</param>
    public static StoreReading Of(string dataDirectory, long end)
    {
        using TemporaryDirectory copy = new("store");
        string path = copy.PathOf(Database);
        File.Copy(Path.Combine(dataDirectory, Database), path);
        File.Copy(Path.Combine(dataDirectory, Database + "-wal"), path + "-wal");
        using (FileStream log = File.OpenWrite(path + "-wal"))
        {
            log.SetLength(end);
        }

        Batteries_V2.Init();
        using SqliteConnection store = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
        store.Open();
        (long term, string? state) = store.QuerySingleOrDefault<(long, string?)>("SELECT term, state FROM trust_domains");
        return new StoreReading(
            term,
            state is null ? null : JsonNode.Parse(state)!.AsObject(),
            store.Query<(string Serial, string State)>("SELECT serial, state FROM leaves").ToImmutableDictionary(leaf => leaf.Serial, leaf => leaf.State, StringComparer.Ordinal),
            store.ExecuteScalar<long>("SELECT COALESCE(SUM(bundle_slots + leaf_slots), 0) FROM leaves"),
            store.ExecuteScalar<long>("SELECT COUNT(*) FROM authority_keys"),
            store.ExecuteScalar<long>("SELECT COUNT(*) FROM tokens"),
            [.. store.Query<string>("SELECT action FROM decisions ORDER BY number")]);
    }

    /// <summary>What was written since another reading, in a few words.</summary>
    public string Since(StoreReading before)
    {
        List<string> parts = [];
        if (Term != before.Term)
        {
            parts.Add($"term {Term} is taken");
        }

        if (Keys != before.Keys)
        {
            parts.Add(Keys > before.Keys ? "a root's key" : "a root's key deleted");
        }

        if (Tokens != before.Tokens)
        {
            parts.Add("a token");
        }

        if (!JsonNode.DeepEquals(State, before.State))
        {
            string[] log = [.. Log.Skip(before.Log.Length)];
            parts.Add(log.Length > 0 ? $"state: {string.Join(", ", log)}" : $"state: {Changed(before.State)}");
        }
        else if (Log.Length > before.Log.Length)
        {
            parts.Add($"log: {string.Join(", ", Log.Skip(before.Log.Length))}");
        }

        int added = Leaves.Keys.Except(before.Leaves.Keys, StringComparer.Ordinal).Count();
        if (added > 0)
        {
            parts.Add($"{added} new leaves");
        }

        parts.AddRange(Leaves.Where(leaf => before.Leaves.TryGetValue(leaf.Key, out string? was) && was != leaf.Value)
            .GroupBy(leaf => leaf.Value, StringComparer.Ordinal).Select(group => $"{group.Count()} leaves {group.Key}"));
        if (added == 0 && Slots != before.Slots)
        {
            parts.Add("slots");
        }

        return parts.Count == 0 ? "nothing that counts" : string.Join("; ", parts);
    }

    private string Changed(JsonObject? before) => string.Join(", ", State!
        .Where(member => member.Key is not ("revision" or "seenAt") && !JsonNode.DeepEquals(member.Value, before?[member.Key]))
        .Select(member => member.Key is "floor" or "epoch" ? $"{member.Key} {member.Value}" : member.Key));
}
