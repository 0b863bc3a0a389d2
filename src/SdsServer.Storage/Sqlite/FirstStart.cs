using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SdsServer.Storage.Files;
using SdsServer.Storage.Keys;

namespace SdsServer.Storage.Sqlite;

/// <summary>
/// Makes key and database in a data directory that never had a database. The unfinished database is there before the key and gets its
/// name after it, so that a first start cut short is told from a database that was lost: the latter must not become a new CA.
/// </summary>
internal static class FirstStart
{
    /// <summary>Throws <see cref="StoreOpenException"/> where a database has been, or a key that is named is missing.</summary>
    public static void Run(SqliteOptions options, ILogger logger)
    {
        string path = options.DatabasePath;
        try
        {
            CheckNothingWasLost(options);
            DurableFile.CreateOwnerOnly(SqliteFile.Unfinished(path)).Dispose();
            using KeyEncryptionKey key = FindKey(options, logger);
            SqliteFile.Create(path, key);
            StorageLog.DatabaseCreated(logger, path);
        }
        catch (Exception error) when (error is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StoreOpenException($"the database '{path}' cannot be created: {error.Message}", error);
        }
    }

    private static void CheckNothingWasLost(SqliteOptions options)
    {
        string path = options.DatabasePath;
        bool keyWithoutDatabase =
            options.KeyEncryptionKeyFile is null && File.Exists(options.KeyPath) && !File.Exists(SqliteFile.Unfinished(path));
        string? relic = File.Exists(path + "-wal") ? path + "-wal" : keyWithoutDatabase ? options.KeyPath : null;
        if (relic is not null)
        {
            throw new StoreOpenException(
                $"the database '{path}' is gone, but '{relic}', which was made with it, is there. Restore the database from a backup. "
                + "For a new trust domain choose an empty data directory; a key of your own has to be named in the configuration.");
        }
    }

    private static KeyEncryptionKey FindKey(SqliteOptions options, ILogger logger)
    {
        if (options.KeyEncryptionKeyFile is not null || File.Exists(options.KeyPath))
        {
            return KeyEncryptionKey.FromFile(options.KeyPath);
        }

        KeyEncryptionKey key = KeyEncryptionKey.CreateFile(options.KeyPath);
        StorageLog.KeyEncryptionKeyCreated(logger, options.KeyPath);
        return key;
    }
}
