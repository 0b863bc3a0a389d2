using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Rotation;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>One row a trust domain: its leader term, its state, and the numbers writes are guarded by.</summary>
internal static class TrustDomains
{
    /// <summary>Ends the running term and begins the next.</summary>
    public static (long Id, long Term, TrustState? State) BeginTerm(SqliteConnection connection, string name)
    {
        (long id, long term, string? document) = connection.QuerySingle<(long, long, string?)>(
            """
            INSERT INTO trust_domains (name, term) VALUES (@name, 1)
            ON CONFLICT (name) DO UPDATE SET term = term + 1
            RETURNING id, term, state
            """,
            new { name });
        TrustState? state = document is null
            ? null
            : StateJson.Read(document, StateJson.Default.TrustState, $"the trust state of '{name}' in '{connection.DataSource}'");
        return (id, term, state);
    }

    /// <summary>The row, if the term is the running one. Throws <see cref="StaleTermException"/> otherwise.</summary>
    public static (long Id, long Revision, long? SignerRevision) Fence(SqliteConnection connection, string name, long term)
    {
        (long id, long current, long revision, long? signerRevision) = connection.QuerySingleOrDefault<(long, long, long, long?)>(
            "SELECT id, term, revision, signer_revision FROM trust_domains WHERE name = @name", new { name });
        return term == current && current > 0 ? (id, revision, signerRevision) : throw new StaleTermException(term, current);
    }

    /// <summary>Replaces the state. Throws <see cref="StaleRevisionException"/> unless it follows the stored one.</summary>
    public static void Save(SqliteConnection connection, long id, long revision, TrustState next)
    {
        if (revision != next.Revision - 1)
        {
            throw new StaleRevisionException(next.Revision - 1, revision);
        }

        connection.Execute(
            "UPDATE trust_domains SET revision = @revision, signer_revision = @signerRevision, state = @state WHERE id = @id",
            new
            {
                id,
                revision = next.Revision,
                signerRevision = next.SignerRevision,
                state = JsonSerializer.Serialize(next, StateJson.Default.TrustState),
            });
    }

    public static List<(long Id, string Name)> All(SqliteConnection connection) => [.. connection.Query<(long, string)>("SELECT id, name FROM trust_domains ORDER BY name")];

    /// <summary>Names of those that have a state.</summary>
    public static List<string> Names(SqliteConnection connection) =>
        [.. connection.Query<string>("SELECT name FROM trust_domains WHERE state IS NOT NULL ORDER BY name")];
}
