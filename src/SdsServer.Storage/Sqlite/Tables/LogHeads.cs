using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Audit;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The end of each trust domain's log, as the last append has left it.</summary>
internal static class LogHeads
{
    public static LogHead? Find(SqliteConnection connection, string trustDomain) => Of(connection.QuerySingleOrDefault<(long, byte[])>(
        "SELECT number, hash FROM log_heads WHERE trust_domain = (SELECT id FROM trust_domains WHERE name = @trustDomain)", new { trustDomain }));

    public static LogHead? Find(SqliteConnection connection, long trustDomain) =>
        Of(connection.QuerySingleOrDefault<(long, byte[])>("SELECT number, hash FROM log_heads WHERE trust_domain = @trustDomain", new { trustDomain }));

    public static void Put(SqliteConnection connection, long trustDomain, LogHead head) => connection.Execute(
        """
        INSERT INTO log_heads (trust_domain, number, hash) VALUES (@trustDomain, @Number, @hash)
        ON CONFLICT (trust_domain) DO UPDATE SET number = excluded.number, hash = excluded.hash
        """,
        new { trustDomain, head.Number, hash = Convert.FromHexString(head.Hash) });

    private static LogHead? Of((long Number, byte[]? Hash) row) => row.Hash is null ? null : new LogHead(row.Number, Convert.ToHexStringLower(row.Hash));
}
