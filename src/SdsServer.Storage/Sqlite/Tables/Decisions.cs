using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Rotation;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The append-only log.</summary>
internal static class Decisions
{
    public static void Append(SqliteConnection connection, long trustDomain, IEnumerable<Decision> entries) => connection.Execute(
        """
        INSERT INTO decisions (trust_domain, at, actor, action, reason, evidence)
        VALUES (@trustDomain, @at, @Actor, @Action, @Reason, @Evidence)
        """,
        entries.Select(it => new { trustDomain, at = it.At.UtcTicks, it.Actor, it.Action, it.Reason, it.Evidence }));

    public static List<(long Number, Decision Entry)> Read(SqliteConnection connection, string trustDomain, long after, int limit) =>
        [.. connection.Query<(long Number, long At, string Actor, string Action, string Reason, string Evidence)>(
            """
            SELECT number, at, actor, action, reason, evidence FROM decisions
            WHERE trust_domain = (SELECT id FROM trust_domains WHERE name = @trustDomain) AND number > @after
            ORDER BY number LIMIT @limit
            """,
            new { trustDomain, after, limit })
            .Select(row => (row.Number, new Decision(
                new DateTimeOffset(row.At, TimeSpan.Zero), row.Actor, row.Action, row.Reason, row.Evidence)))];
}
