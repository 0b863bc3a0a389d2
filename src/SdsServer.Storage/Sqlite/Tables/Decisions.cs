using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Rotation;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The append-only log.</summary>
internal static class Decisions
{
    public static void Append(SqliteConnection connection, long trustDomain, IEnumerable<Decision> entries) => connection.Execute(
        """
        INSERT INTO decisions (trust_domain, at, actor, kind, subject, rotation_id, action, reason, evidence, outcome, error, revision)
        VALUES (@trustDomain, @at, @Actor, @kind, @Subject, @RotationId, @Action, @Reason, @Evidence, @outcome, @Error, @Revision)
        """,
        entries.Select(it => new
        {
            trustDomain,
            at = it.At.UtcTicks,
            it.Actor,
            kind = it.Kind.ToString(),
            it.Subject,
            it.RotationId,
            it.Action,
            it.Reason,
            it.Evidence,
            outcome = it.Outcome.ToString(),
            it.Error,
            it.Revision,
        }));

    public static List<(long Number, Decision Entry)> Read(SqliteConnection connection, string trustDomain, long after, int limit)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT number, at, actor, kind, subject, rotation_id, action, reason, evidence, outcome, error, revision FROM decisions
            WHERE trust_domain = (SELECT id FROM trust_domains WHERE name = @trustDomain) AND number > @after
            ORDER BY number LIMIT @limit
            """;
        command.Parameters.AddWithValue("@trustDomain", trustDomain);
        command.Parameters.AddWithValue("@after", after);
        command.Parameters.AddWithValue("@limit", limit);
        using SqliteDataReader reader = command.ExecuteReader();
        List<(long, Decision)> lines = [];
        while (reader.Read())
        {
            lines.Add((reader.GetInt64(0), Line(reader)));
        }

        return lines;
    }

    private static Decision Line(SqliteDataReader reader) => new()
    {
        At = new DateTimeOffset(reader.GetInt64(1), TimeSpan.Zero),
        Actor = reader.GetString(2),
        // A newer program's kind is for people to read; nothing is decided by it. An unknown outcome must not look like "done".
        Kind = Enum.TryParse(reader.GetString(3), out DecisionKind kind) ? kind : DecisionKind.Unspecified,
        Subject = reader.GetString(4),
        RotationId = reader.GetString(5),
        Action = reader.GetString(6),
        Reason = reader.GetString(7),
        Evidence = reader.GetString(8),
        Outcome = Enum.TryParse(reader.GetString(9), out DecisionOutcome outcome) ? outcome : DecisionOutcome.Failed,
        Error = reader.GetString(10),
        Revision = reader.GetInt64(11),
    };
}
