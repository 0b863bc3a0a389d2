using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace SdsServer.Storage.Sqlite;

/// <summary>The one connection to a database file and the one thread that touches it. Failures of SQLite leave it as <see cref="IOException"/>.</summary>
internal sealed class SqliteDatabase : IAsyncDisposable
{
    private readonly SerialThread _thread;
    private readonly SqliteConnection _connection;
    private readonly ILogger _logger;

    private SqliteDatabase(SerialThread thread, SqliteConnection connection, ILogger logger)
    {
        _thread = thread;
        _connection = connection;
        _logger = logger;
    }

    /// <summary>Runs <paramref name="open"/> on the thread the connection will stay on.</summary>
    public static async Task<SqliteDatabase> OpenAsync(Func<SqliteConnection> open, ILogger logger, CancellationToken cancellation)
    {
        SerialThread thread = new("SQLite");
        try
        {
            return new SqliteDatabase(thread, await thread.RunAsync(open, cancellation), logger);
        }
        catch
        {
            await thread.DisposeAsync();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path => _connection.DataSource;

    /// <summary>Runs one query.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteConnection, T> query, CancellationToken cancellation) =>
        _thread.RunAsync(() => Guarded(query), cancellation);

    /// <summary>Runs a transaction: when the work throws, or the commit fails, nothing of it stays.</summary>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellation) =>
        _thread.RunAsync(() => Guarded(connection => SqliteTransactions.Run(connection, work)), cancellation);

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Action<SqliteConnection> work, CancellationToken cancellation) => WriteAsync(
        connection =>
        {
            work(connection);
            return true;
        },
        cancellation);

    /// <summary>Ends what was begun, then closes the file; once only.</summary>
    public async ValueTask DisposeAsync()
    {
        string path = _connection.DataSource;
        Task<bool> closed = _thread.RunAsync(Close, CancellationToken.None);
        await _thread.DisposeAsync();
        await closed;
        StorageLog.DatabaseClosed(_logger, path);
    }

    private bool Close()
    {
        _connection.Dispose();
        return true;
    }

    private T Guarded<T>(Func<SqliteConnection, T> work)
    {
        try
        {
            return work(_connection);
        }
        catch (SqliteException error)
        {
            StorageLog.DatabaseFailed(_logger, _connection.DataSource, error.SqliteExtendedErrorCode, error);
            string advice = error.SqliteErrorCode switch
            {
                raw.SQLITE_FULL => "The file system is full: make room on it, and writes work again without a restart.",
                raw.SQLITE_BUSY => "Another program holds a lock on it: end that program.",
                raw.SQLITE_READONLY => "The file or its file system has become read-only: make it writable again.",
                raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "The file is damaged: stop the server and restore a backup.",
                _ => "Look at the disk and the kernel's log; writes work again without a restart once the cause is gone.",
            };
            throw new IOException($"the database '{_connection.DataSource}' failed: {error.Message} {advice}", error);
        }
    }
}
