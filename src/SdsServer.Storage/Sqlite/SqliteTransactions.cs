using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SdsServer.Storage.Sqlite;

internal static class SqliteTransactions
{
    /// <summary>Runs the work in a write transaction and commits it; rolls back when the work or the commit throws.</summary>
    public static T Run<T>(SqliteConnection connection, Func<SqliteConnection, T> work)
    {
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            T result = work(connection);
            connection.Execute("COMMIT");
            return result;
        }
        catch
        {
            // A full disk and some I/O errors make SQLite roll back by itself; a second ROLLBACK would hide what happened.
            if (raw.sqlite3_get_autocommit(connection.Handle) == 0)
            {
                connection.Execute("ROLLBACK");
            }

            throw;
        }
    }
}
