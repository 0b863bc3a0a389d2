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

    /// <summary>All there are, of all trust domains.</summary>
    public static List<(long Id, string TrustDomain, string AuthorityId, byte[] Envelope)> Load(SqliteConnection connection) =>
        [.. connection.Query<(long, string, string, byte[])>(
            "SELECT trust_domain, name, authority_id, envelope FROM authority_keys JOIN trust_domains ON trust_domains.id = trust_domain")];

    /// <summary>Another envelope of the same key.</summary>
    public static void Replace(SqliteConnection connection, long trustDomain, string authorityId, byte[] envelope) => connection.Execute(
        "UPDATE authority_keys SET envelope = @envelope WHERE trust_domain = @trustDomain AND authority_id = @authorityId", new { trustDomain, authorityId, envelope });

    public static void Delete(SqliteConnection connection, long trustDomain, string authorityId) => connection.Execute(
        "DELETE FROM authority_keys WHERE trust_domain = @trustDomain AND authority_id = @authorityId", new { trustDomain, authorityId });
}
