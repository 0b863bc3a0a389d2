using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>Keeps a running server's store from taking anything more, by SQLite's own lock for writers.</summary>
internal sealed class StoreStall : IDisposable
{
    private const int NoCheckpointOnClose = 1006;

    private readonly SqliteConnection _connection;

    /// <summary>Opens the store beside the server, which goes on.</summary>
    public StoreStall(string dataDirectory)
    {
        Batteries_V2.Init();
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(dataDirectory, StoreReading.Database), Mode = SqliteOpenMode.ReadWrite, Pooling = false,
        }.ConnectionString);
        _connection.Open();
        // The last one to close would write the log into the database: not what the killed server leaves.
        _ = raw.sqlite3_db_config(_connection.Handle, NoCheckpointOnClose, 1, out _);
        // SQLite's own waiting is short at first; this library's is long, and the server would get in between.
        Run("PRAGMA busy_timeout = 5000; SELECT COUNT(*) FROM trust_domains");
    }

    public void Begin() => Run("BEGIN IMMEDIATE");

    public void Dispose() => _connection.Dispose();

    private void Run(string sql)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
