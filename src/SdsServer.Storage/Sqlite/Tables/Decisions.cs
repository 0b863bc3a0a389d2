using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Audit;
using SdsServer.Core.Rotation;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The append-only log; every line carries the hash of the one before it.</summary>
internal static class Decisions
{
    private const string Columns = "number, at, actor, kind, subject, rotation_id, action, reason, evidence, outcome, error, revision";

    /// <summary>Appends in the caller's transaction: it is the only writer, so that nothing comes between a line and the one it follows.</summary>
    public static void Append(SqliteConnection connection, long id, string trustDomain, IReadOnlyList<Decision> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        // The sequence keeps the numbers of lines that somebody has removed from being given again.
        long number = connection.ExecuteScalar<long>(
            "SELECT max(ifnull((SELECT max(number) FROM decisions), 0), ifnull((SELECT max(seq) FROM sqlite_sequence WHERE name = 'decisions'), 0))");
        string previous = LogHeads.Find(connection, id)?.Hash ?? LogChain.Origin(trustDomain);
        foreach (Decision entry in entries)
        {
            LogLine line = LogLine.After(previous, trustDomain, ++number, entry);
            Insert(connection, id, line);
            previous = line.Hash;
        }

        LogHeads.Put(connection, id, new LogHead(number, previous));
    }

    public static List<LogLine> Read(SqliteConnection connection, string trustDomain, long after, int limit)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT {Columns}, hash FROM decisions
            WHERE trust_domain = (SELECT id FROM trust_domains WHERE name = @trustDomain) AND number > @after
            ORDER BY number LIMIT @limit
            """;
        command.Parameters.AddWithValue("@trustDomain", trustDomain);
        command.Parameters.AddWithValue("@after", after);
        command.Parameters.AddWithValue("@limit", limit);
        using SqliteDataReader reader = command.ExecuteReader();
        List<LogLine> lines = [];
        while (reader.Read())
        {
            lines.Add(Line(reader) with { Hash = Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(12)) });
        }

        return lines;
    }

    /// <summary>Lines of a database from before there were hashes, of all trust domains.</summary>
    public static List<(long TrustDomain, LogLine Line)> ReadUnchained(SqliteConnection connection, long after, int limit)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns}, trust_domain FROM unchained_decisions WHERE number > @after ORDER BY number LIMIT @limit";
        command.Parameters.AddWithValue("@after", after);
        command.Parameters.AddWithValue("@limit", limit);
        using SqliteDataReader reader = command.ExecuteReader();
        List<(long, LogLine)> lines = [];
        while (reader.Read())
        {
            lines.Add((reader.GetInt64(12), Line(reader)));
        }

        return lines;
    }

    /// <summary>Writes a line that has its number and its hash; the head stays where it was.</summary>
    public static void Insert(SqliteConnection connection, long id, LogLine line) => connection.Execute(
        $"""
        INSERT INTO decisions ({Columns}, trust_domain, hash)
        VALUES (@Number, @At, @Actor, @Kind, @Subject, @RotationId, @Action, @Reason, @Evidence, @Outcome, @Error, @Revision, @id, @hash)
        """,
        new
        {
            line.Number,
            line.At,
            line.Actor,
            line.Kind,
            line.Subject,
            line.RotationId,
            line.Action,
            line.Reason,
            line.Evidence,
            line.Outcome,
            line.Error,
            line.Revision,
            id,
            hash = Convert.FromHexString(line.Hash),
        });

    private static LogLine Line(SqliteDataReader reader) => new()
    {
        Number = reader.GetInt64(0),
        At = reader.GetInt64(1),
        Actor = reader.GetString(2),
        Kind = reader.GetString(3),
        Subject = reader.GetString(4),
        RotationId = reader.GetString(5),
        Action = reader.GetString(6),
        Reason = reader.GetString(7),
        Evidence = reader.GetString(8),
        Outcome = reader.GetString(9),
        Error = reader.GetString(10),
        Revision = reader.GetInt64(11),
    };
}
