using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Files;
using SdsServer.Storage.Keys;
using SdsServer.Storage.Sqlite.Tables;
using SQLitePCL;

namespace SdsServer.Storage.Sqlite;

/// <summary>
/// Encrypts every stored key anew, under another key-encryption key, in one commit and while no server has the data directory. The key that
/// the store made itself is replaced in its place: the new one lies beside it, with a name of its own, until the commit; a start that finds
/// both takes the one that the database is encrypted under.
/// </summary>
public static class Rekeying
{
    /// <summary>Returns how many keys there are. Throws <see cref="StoreOpenException"/>, changing nothing, when the store cannot be opened or a key file cannot be used.</summary>
    /// <param name="options">The store, with the key-encryption key it has now.</param>
    /// <param name="newKeyFile">The key it is to have; null: the store's own is replaced by one that is made now.</param>
    /// <param name="entry">The line of the log for the trust domain that it names.</param>
    /// <param name="logger">Takes the 4xxx events.</param>
    public static int Run(SqliteOptions options, string? newKeyFile, Func<string, Decision> entry, ILogger logger)
    {
        Batteries_V2.Init();
        if (newKeyFile is null && options.KeyEncryptionKeyFile is { } named)
        {
            throw new StoreOpenException($"the key-encryption key '{named}' is not the server's own to replace: make the new one in a file beside it, mode 0600, and name that file");
        }

        if (!File.Exists(options.DatabasePath))
        {
            throw new StoreOpenException($"there is no database '{options.DatabasePath}': nothing is encrypted yet, so name the new key in the configuration and start the server");
        }

        using DataDirectory directory = DataDirectory.Take(options.DataDirectory);
        Settle(options, logger);
        using KeyEncryptionKey old = KeyEncryptionKey.FromFile(options.KeyPath);
        using SqliteConnection connection = SqliteFile.Open(options.DatabasePath, old, options.KeyPath, options.CheckAtMost, logger);
        using KeyEncryptionKey next = newKeyFile is null ? NewOwn(options) : KeyEncryptionKey.FromFile(newKeyFile);
        if (SqliteFile.IsUnder(connection, next))
        {
            throw new StoreOpenException($"'{newKeyFile}' holds the key that the database is encrypted under already: put another one there (openssl rand -hex 32)");
        }

        int count;
        try
        {
            count = Exchange(connection, old, next, entry);

            // The log of the database still has the envelopes of before; those pages themselves were overwritten (secure_delete).
            connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException error)
        {
            throw new StoreOpenException($"the keys in '{options.DatabasePath}' cannot be encrypted anew: {error.Message} Nothing was changed.", error);
        }

        if (newKeyFile is null)
        {
            DurableFile.Publish(options.NextKeyPath, options.KeyPath);
        }

        StorageLog.Rekeyed(logger, options.DatabasePath, count, newKeyFile ?? options.KeyPath);
        return count;
    }

    /// <summary>Ends what a re-keying that was killed has left: the store's own key is the one that the database is encrypted under.</summary>
    internal static void Settle(SqliteOptions options, ILogger logger)
    {
        if (options.KeyEncryptionKeyFile is not null || !File.Exists(options.NextKeyPath) || !File.Exists(options.DatabasePath))
        {
            return;
        }

        bool committed;
        using (KeyEncryptionKey next = KeyEncryptionKey.FromFile(options.NextKeyPath))
        {
            committed = SqliteFile.IsUnder(options.DatabasePath, next);
        }

        if (committed)
        {
            DurableFile.Publish(options.NextKeyPath, options.KeyPath);
        }
        else
        {
            File.Delete(options.NextKeyPath);
        }

        StorageLog.RekeyingSettled(logger, options.DatabasePath, committed ? "done" : "undone");
    }

    private static KeyEncryptionKey NewOwn(SqliteOptions options) => KeyEncryptionKey.CreateFile(options.NextKeyPath);

    private static int Exchange(SqliteConnection connection, KeyEncryptionKey old, KeyEncryptionKey next, Func<string, Decision> entry)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        List<(long Id, string TrustDomain, string AuthorityId, byte[] Envelope)> keys = AuthorityKeys.Load(connection);
        foreach ((long id, string trustDomain, string authorityId, byte[] envelope) in keys)
        {
            KeyBinding binding = new(trustDomain, authorityId, KeyBinding.SigningKey);
            byte[] plaintext = KeyEncryption.Decrypt(old, binding, envelope);
            try
            {
                AuthorityKeys.Replace(connection, id, authorityId, KeyEncryption.Encrypt(next, binding, plaintext));
            }
            finally
            {
                CryptographicOperations.ZeroMemory(plaintext);
            }
        }

        SqliteFile.PutKeyCheck(connection, next);
        foreach ((long id, string trustDomain) in TrustDomains.All(connection))
        {
            Decisions.Append(connection, id, trustDomain, [entry(trustDomain)]);
        }

        transaction.Commit();
        return keys.Count;
    }
}
