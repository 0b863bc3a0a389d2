using Dapper;
using Microsoft.Data.Sqlite;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The envelopes of the authorities' private keys.</summary>
internal static class AuthorityKeys
{
    public static void Add(SqliteConnection connection, long trustDomain, string authorityId, byte[] envelope)
    {
        int added = connection.Execute(
            "INSERT INTO authority_keys (trust_domain, authority_id, envelope) VALUES (@trustDomain, @authorityId, @envelope) ON CONFLICT DO NOTHING",
            new { trustDomain, authorityId, envelope });
        if (added == 0)
        {
            throw new InvalidOperationException($"authority '{authorityId}' already has a key; a key is never replaced, choose another id");
        }
    }

    public static byte[]? Find(SqliteConnection connection, string trustDomain, string authorityId) =>
        connection.QuerySingleOrDefault<byte[]?>(
            """
            SELECT envelope FROM authority_keys JOIN trust_domains ON trust_domains.id = trust_domain
            WHERE name = @trustDomain AND authority_id = @authorityId
            """,
            new { trustDomain, authorityId });

    public static void Delete(SqliteConnection connection, long trustDomain, string authorityId) => connection.Execute(
        "DELETE FROM authority_keys WHERE trust_domain = @trustDomain AND authority_id = @authorityId", new { trustDomain, authorityId });
}
