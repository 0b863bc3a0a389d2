using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;

namespace SdsServer.Storage.Sqlite;

/// <summary>The embedded migrations, in order; the number of those applied stands in <c>PRAGMA user_version</c>.</summary>
internal static class Schema
{
    private const string Prefix = "SdsServer.Storage.Sqlite.Migrations.";

    /// <summary>The version whose lines of the log carry hashes, which SQL cannot compute.</summary>
    private const int Chained = 3;

    private static readonly string[] Scripts =
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The version this program writes.</summary>
    public static int Current => Scripts.Length;

    public static int Version(SqliteConnection connection) => connection.ExecuteScalar<int>("PRAGMA user_version");

    /// <summary>Applies what is missing, each migration in a transaction of its own together with its number.</summary>
    /// <returns>How many lines of the log have got their hashes.</returns>
    public static long Migrate(SqliteConnection connection)
    {
        long chained = 0;
        for (int version = Version(connection); version < Current; version++)
        {
            string script = Script(version);
            int next = version + 1;
            chained += SqliteTransactions.Run(connection, it =>
            {
                it.Execute(script);
                long lines = next == Chained ? UnchainedLog.Chain(it) : 0;
                it.Execute($"PRAGMA user_version = {next}");
                return lines;
            });
        }

        return chained;
    }

    private static string Script(int index)
    {
        using StreamReader reader = new(Assembly.GetExecutingAssembly().GetManifestResourceStream(Scripts[index])!);
        return reader.ReadToEnd();
    }
}
