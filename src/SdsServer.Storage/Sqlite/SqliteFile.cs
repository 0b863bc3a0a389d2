using System.Buffers.Binary;
using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SdsServer.Storage.Files;
using SdsServer.Storage.Keys;
using SQLitePCL;

namespace SdsServer.Storage.Sqlite;

/// <summary>Makes the database file, and opens it only when it is whole, ours, of a known schema, and encrypted under the given key.</summary>
internal static class SqliteFile
{
    // "SDSS": tells our files from other programs' SQLite files.
    private const int ApplicationId = 0x53445353;

    /// <summary>The name of a database that is being made.</summary>
    public static string Unfinished(string path) => path + ".new";

    /// <summary>
    /// Makes a new database. It gets its name only when it is complete: a file of that name that is empty or cut short was once whole.
    /// </summary>
    public static void Create(string path, KeyEncryptionKey key)
    {
        string unfinished = Unfinished(path);
        File.Delete(unfinished + "-journal");
        DurableFile.CreateOwnerOnly(unfinished).Dispose();
        using (SqliteConnection connection = Connect(unfinished))
        {
            connection.Execute($"PRAGMA synchronous = FULL; PRAGMA application_id = {ApplicationId}");
            Schema.Migrate(connection);
            PutKeyCheck(connection, key);
        }

        DurableFile.Publish(unfinished, path);
    }

    /// <summary>Opens an existing database. Throws <see cref="StoreOpenException"/>, changing nothing, when it must not be used.</summary>
    public static SqliteConnection Open(string path, KeyEncryptionKey key, string keyPath, long checkAtMost, ILogger logger)
    {
        SqliteConnection? connection = null;
        try
        {
            // First, because SQLite gives the files it makes beside the database the same mode.
            File.SetUnixFileMode(path, DurableFile.OwnerOnly);
            CheckLength(path);
            connection = Connect(path);
            CheckOrigin(connection, path);
            CheckPages(connection, path, checkAtMost, logger);
            CheckKey(connection, path, key, keyPath);
            Migrate(connection, path, logger);
            Configure(connection);
            StorageLog.DatabaseOpened(logger, path, Schema.Current);
            return connection;
        }
        catch (SqliteException error)
        {
            connection?.Dispose();
            throw error.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
                ? Damaged(path, error.Message, error)
                : new StoreOpenException($"the database '{path}' cannot be opened: {error.Message} Check the file's owner and the disk.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            connection?.Dispose();
            throw new StoreOpenException($"the database '{path}' cannot be opened: {error.Message} Check the file's owner and the disk.", error);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Notes which key the keys are encrypted under.</summary>
    public static void PutKeyCheck(SqliteConnection connection, KeyEncryptionKey key)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(16);
        connection.Execute("INSERT OR REPLACE INTO key_check (id, salt, value) VALUES (1, @salt, @value)", new { salt, value = key.CheckValue(salt) });
    }

    /// <summary>Whether the keys of this database are encrypted under this key.</summary>
    public static bool IsUnder(string path, KeyEncryptionKey key)
    {
        try
        {
            using SqliteConnection connection = Connect(path);
            return IsUnder(connection, key);
        }
        catch (SqliteException error)
        {
            throw new StoreOpenException($"the database '{path}' cannot be opened: {error.Message} Check the file's owner and the disk.", error);
        }
    }

    public static bool IsUnder(SqliteConnection connection, KeyEncryptionKey key)
    {
        (byte[] salt, byte[] value) = connection.QuerySingleOrDefault<(byte[], byte[])>("SELECT salt, value FROM key_check");
        return salt is not null && CryptographicOperations.FixedTimeEquals(value, key.CheckValue(salt));
    }

    private static SqliteConnection Connect(string path)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 5,
        }.ConnectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // SQLite takes a file without a header for a new database, and reads what is missing of a last page as zeros. With a log beside it
    // the last page may be in there.
    private static void CheckLength(string path)
    {
        const int smallestPage = 512;
        using FileStream file = File.OpenRead(path);
        if (file.Length < smallestPage)
        {
            throw Damaged(path, $"it has only {file.Length} bytes");
        }

        Span<byte> header = stackalloc byte[18];
        file.ReadExactly(header);
        int pageSize = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        if (pageSize >= smallestPage && file.Length % pageSize != 0 && !File.Exists(path + "-wal"))
        {
            throw Damaged(path, $"it has {file.Length} bytes, which is no number of whole pages of {pageSize}");
        }
    }

    private static void CheckOrigin(SqliteConnection connection, string path)
    {
        if (connection.ExecuteScalar<int>("PRAGMA application_id") != ApplicationId)
        {
            throw new StoreOpenException($"the file '{path}' is no database of SdsServer. Move it away, or choose another data directory.");
        }

        int version = Schema.Version(connection);
        if (version > Schema.Current)
        {
            throw new StoreOpenException(
                $"the database '{path}' has schema version {version}; this program knows versions up to {Schema.Current}. "
                + "Start the newer program again, or restore a backup from before the upgrade.");
        }
    }

    private static void CheckPages(SqliteConnection connection, string path, long checkAtMost, ILogger logger)
    {
        long bytes = new FileInfo(path).Length;
        if (bytes > checkAtMost)
        {
            StorageLog.DatabaseUnchecked(logger, path, bytes);
            return;
        }

        string result = connection.QueryFirst<string>("PRAGMA quick_check(1)");
        if (result != "ok")
        {
            throw Damaged(path, result);
        }
    }

    private static void CheckKey(SqliteConnection connection, string path, KeyEncryptionKey key, string keyPath)
    {
        if (connection.ExecuteScalar<int>("SELECT count(*) FROM key_check") == 0)
        {
            throw Damaged(path, "it has no key check value");
        }

        if (!IsUnder(connection, key))
        {
            throw new StoreOpenException(
                $"the key-encryption key '{keyPath}' is not the one the database '{path}' is encrypted under. "
                + "Restore the key file that belongs to this database, or the database that belongs to this key; after --rekey the new key has to be named.");
        }
    }

    private static void Migrate(SqliteConnection connection, string path, ILogger logger)
    {
        int from = Schema.Version(connection);
        if (from < Schema.Current)
        {
            connection.Execute("PRAGMA synchronous = FULL");
            long chained = Schema.Migrate(connection);
            StorageLog.DatabaseMigrated(logger, path, from, Schema.Current);
            if (chained > 0)
            {
                StorageLog.LogChained(logger, path, chained);
            }
        }
    }

    // FULL syncs the WAL at each commit: an acknowledged write survives power loss. NORMAL would only keep the file whole.
    private static void Configure(SqliteConnection connection)
    {
        string mode = connection.QueryFirst<string>("PRAGMA journal_mode = WAL");
        if (mode != "wal")
        {
            throw new StoreOpenException(
                $"the file system of '{connection.DataSource}' does not support SQLite's WAL (it offers '{mode}'). Put the data directory on a local disk.");
        }

        connection.Execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA busy_timeout = 5000;
            PRAGMA foreign_keys = ON;
            PRAGMA secure_delete = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA trusted_schema = OFF;
            PRAGMA journal_size_limit = 67108864;
            """);
    }

    private static StoreOpenException Damaged(string path, string how, Exception? inner = null) => new(
        $"the database '{path}' is damaged: {how}. Nothing was changed. Move it away together with '{path}-wal' and '{path}-shm', "
        + "and restore all files of a backup.", inner);
}
