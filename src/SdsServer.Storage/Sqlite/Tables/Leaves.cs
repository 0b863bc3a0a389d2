using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Fleet;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The leaf ledger.</summary>
internal static class Leaves
{
    /// <summary>
    /// Ids of rows a new term does not need: nobody presents the leaf, or it is past its retention. Some may come twice.
    /// Two queries, because for an OR SQLite would read through all rows that have not expired.
    /// </summary>
    public const string SpentIds =
        """
        SELECT id FROM leaves WHERE trust_domain = @trustDomain AND state = 'Superseded'
        UNION ALL
        SELECT id FROM leaves WHERE trust_domain = @trustDomain AND not_after < @keepFrom
        LIMIT @limit
        """;

    /// <summary>The rows that are not spent, oldest first.</summary>
    public static List<LedgerRow> Load(SqliteConnection connection, long trustDomain, DateTimeOffset keepFrom)
    {
        using SqliteCommand command = connection.CreateCommand();
        // NOT INDEXED: nearly every row is wanted, in the order of the table.
        command.CommandText =
            $"""
            SELECT {LeafColumns.Names} FROM leaves NOT INDEXED
            WHERE trust_domain = @trustDomain AND state <> 'Superseded' AND not_after >= @keepFrom ORDER BY id
            """;
        command.Parameters.AddWithValue("@trustDomain", trustDomain);
        command.Parameters.AddWithValue("@keepFrom", keepFrom.UtcTicks);
        using SqliteDataReader reader = command.ExecuteReader();
        List<LedgerRow> rows = [];
        while (reader.Read())
        {
            rows.Add(LeafColumns.Read(reader));
        }

        return rows;
    }

    /// <summary>Adds rows. Throws <see cref="InvalidOperationException"/> if a serial is taken.</summary>
    public static void Insert(SqliteConnection connection, long trustDomain, IEnumerable<LedgerRow> rows)
    {
        using SqliteCommand command = connection.CreateCommand();
        // An instance's slots never fall, also when a row that was built before they rose is written after.
        command.CommandText =
            $"""
            INSERT INTO leaves (trust_domain, {LeafColumns.Names})
            SELECT @trustDomain, @serial, @kind, @instance_id, @spiffe_id, @node_id, @peer,
                   max(@bundle_slots, coalesce(max(bundle_slots), 0)), max(@leaf_slots, coalesce(max(leaf_slots), 0)),
                   @authority_id, @anchors, @not_before, @not_after, @state
            FROM leaves WHERE trust_domain = @trustDomain AND instance_id = @instance_id
            ON CONFLICT (trust_domain, serial) DO NOTHING
            """;
        foreach (LedgerRow row in rows)
        {
            command.Parameters.Clear();
            command.Parameters.AddWithValue("@trustDomain", trustDomain);
            LeafColumns.Bind(command, row);
            if (command.ExecuteNonQuery() == 0)
            {
                throw new InvalidOperationException($"the ledger already has a leaf with serial number {row.Serial}: nothing was written");
            }
        }
    }

    public static void SetStates(SqliteConnection connection, long trustDomain, IEnumerable<(string Serial, LeafState State)> states) =>
        connection.Execute(
            // An expired leaf stays so: what is written lazily may come after the state whose floor rests on it.
            "UPDATE leaves SET state = @state WHERE trust_domain = @trustDomain AND serial = @serial AND state <> 'Expired'",
            states.Select(it => new { trustDomain, serial = it.Serial, state = it.State.ToString() }));

    public static void RaiseSlots(SqliteConnection connection, long trustDomain, string instanceId, int bundleSlots, int leafSlots) =>
        connection.Execute(
            """
            UPDATE leaves SET bundle_slots = max(bundle_slots, @bundleSlots), leaf_slots = max(leaf_slots, @leafSlots)
            WHERE trust_domain = @trustDomain AND instance_id = @instanceId
            """,
            new { trustDomain, instanceId, bundleSlots, leafSlots });

    /// <summary>Deletes some spent rows and returns how many; none when there are no more.</summary>
    public static int Prune(SqliteConnection connection, long trustDomain, DateTimeOffset keepFrom, int limit) => connection.Execute(
        $"DELETE FROM leaves WHERE id IN ({SpentIds})", new { trustDomain, keepFrom = keepFrom.UtcTicks, limit });
}
