using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Enrolment;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>Identities whose leaves were taken back as evidence.</summary>
internal static class IdentityCutoffs
{
    /// <summary>Adds one, or moves it; never back.</summary>
    public static void Put(SqliteConnection connection, long trustDomain, IdentityCutoff cutoff) => connection.Execute(
        """
        INSERT INTO identity_cutoffs (trust_domain, spiffe_id, not_before) VALUES (@trustDomain, @SpiffeId, @notBefore)
        ON CONFLICT (trust_domain, spiffe_id) DO UPDATE SET not_before = max(not_before, excluded.not_before)
        """,
        new { trustDomain, cutoff.SpiffeId, notBefore = cutoff.NotBefore.UtcTicks });

    public static List<IdentityCutoff> Load(SqliteConnection connection, string trustDomain) =>
        [.. connection.Query<(string SpiffeId, long NotBefore)>(
            "SELECT spiffe_id, not_before FROM identity_cutoffs WHERE trust_domain = (SELECT id FROM trust_domains WHERE name = @trustDomain) ORDER BY spiffe_id",
            new { trustDomain })
            .Select(row => new IdentityCutoff(row.SpiffeId, new DateTimeOffset(row.NotBefore, TimeSpan.Zero)))];
}
