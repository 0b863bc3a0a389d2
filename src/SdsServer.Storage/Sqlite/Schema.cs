using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;

namespace SdsServer.Storage.Sqlite;

/// <summary>The embedded migrations, in order; the number of those applied stands in <c>PRAGMA user_version</c>.</summary>
internal static class Schema
{
    private const string Prefix = "SdsServer.Storage.Sqlite.Migrations.";

    private static readonly string[] Scripts =
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The version this program writes.</summary>
    public static int Current => Scripts.Length;

    public static int Version(SqliteConnection connection) => connection.ExecuteScalar<int>("PRAGMA user_version");

    /// <summary>Applies what is missing, each migration in a transaction of its own together with its number.</summary>
    public static void Migrate(SqliteConnection connection)
    {
        for (int version = Version(connection); version < Current; version++)
        {
            string script = Script(version);
            SqliteTransactions.Run(connection, it => it.Execute($"{script}\nPRAGMA user_version = {version + 1};"));
        }
    }

    private static string Script(int index)
    {
        using StreamReader reader = new(Assembly.GetExecutingAssembly().GetManifestResourceStream(Scripts[index])!);
        return reader.ReadToEnd();
    }
}
