using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Access;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>Registrations, one JSON document each.</summary>
internal static class Registrations
{
    public static void Add(SqliteConnection connection, long trustDomain, Registration registration)
    {
        int added = connection.Execute(
            "INSERT INTO registrations (trust_domain, id, revision, document) VALUES (@trustDomain, @id, @revision, @document) ON CONFLICT DO NOTHING",
            Row(trustDomain, registration));
        if (added == 0)
        {
            throw new InvalidOperationException($"there already is a registration '{registration.Id}'; update it, or choose another id");
        }
    }

    public static bool Update(SqliteConnection connection, long trustDomain, Registration next) => connection.Execute(
        "UPDATE registrations SET revision = @revision, document = @document WHERE trust_domain = @trustDomain AND id = @id AND revision = @revision - 1",
        Row(trustDomain, next)) > 0;

    public static bool Delete(SqliteConnection connection, long trustDomain, string id, long? revision) => connection.Execute(
        "DELETE FROM registrations WHERE trust_domain = @trustDomain AND id = @id AND (@revision IS NULL OR revision = @revision)",
        new { trustDomain, id, revision }) > 0;

    public static List<Registration> Load(SqliteConnection connection, string trustDomain) =>
        [.. connection.Query<(string Id, string Document)>(
            """
            SELECT registrations.id, document FROM registrations JOIN trust_domains ON trust_domains.id = trust_domain
            WHERE name = @trustDomain ORDER BY registrations.id
            """,
            new { trustDomain })
            .Select(row => StateJson.Read(row.Document, StateJson.Default.Registration, $"registration '{row.Id}'"))];

    private static object Row(long trustDomain, Registration registration) => new
    {
        trustDomain,
        id = registration.Id,
        revision = registration.Revision,
        document = JsonSerializer.Serialize(registration, StateJson.Default.Registration),
    };
}
