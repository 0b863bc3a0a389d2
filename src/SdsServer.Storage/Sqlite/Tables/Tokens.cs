using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Access;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>Access tokens, one JSON document each.</summary>
internal static class Tokens
{
    public static void Add(SqliteConnection connection, long trustDomain, AccessToken token)
    {
        int added = connection.Execute(
            "INSERT INTO tokens (trust_domain, id, document) VALUES (@trustDomain, @id, @document) ON CONFLICT DO NOTHING",
            new { trustDomain, id = token.Id, document = JsonSerializer.Serialize(token, StateJson.Default.AccessToken) });
        if (added == 0)
        {
            throw new InvalidOperationException($"there already is a token '{token.Id}'; delete it first, or choose another id");
        }
    }

    public static List<AccessToken> Load(SqliteConnection connection, string trustDomain) =>
        [.. connection.Query<(string Id, string Document)>(
            """
            SELECT tokens.id, document FROM tokens JOIN trust_domains ON trust_domains.id = trust_domain
            WHERE name = @trustDomain ORDER BY tokens.id
            """,
            new { trustDomain })
            .Select(row => StateJson.Read(row.Document, StateJson.Default.AccessToken, $"token '{row.Id}'"))];

    public static AccessToken? Find(SqliteConnection connection, long trustDomain, string id) =>
        connection.QuerySingleOrDefault<string?>("SELECT document FROM tokens WHERE trust_domain = @trustDomain AND id = @id", new { trustDomain, id }) is { } document
            ? StateJson.Read(document, StateJson.Default.AccessToken, $"token '{id}'")
            : null;

    public static void Replace(SqliteConnection connection, long trustDomain, AccessToken token) => connection.Execute(
        "UPDATE tokens SET document = @document WHERE trust_domain = @trustDomain AND id = @id",
        new { trustDomain, id = token.Id, document = JsonSerializer.Serialize(token, StateJson.Default.AccessToken) });

    public static bool Delete(SqliteConnection connection, long trustDomain, string id) => connection.Execute(
        "DELETE FROM tokens WHERE trust_domain = @trustDomain AND id = @id", new { trustDomain, id }) > 0;
}
