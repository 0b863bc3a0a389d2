namespace SdsServer.Storage.Sqlite;

/// <summary>Where the embedded store lies.</summary>
public sealed record SqliteOptions
{
    /// <summary>Directory of this one server process; created with mode 0700 if there is none.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>
    /// File of the key-encryption key, mode 0600 or 0400, or 0440 with a group of this process. Null: <c>key-encryption-key</c> in the data directory, made at the first start.
    /// A file named here is never made: it has to be there.
    /// </summary>
    public string? KeyEncryptionKeyFile { get; init; }

    /// <summary>A larger database, in bytes, is not read through at start, so that a restart stays short.</summary>
    public long CheckAtMost { get; init; } = 256L << 20;

    internal string DatabasePath => Path.Combine(DataDirectory, "sds.db");

    /// <summary>The store's own key while it is being replaced.</summary>
    internal string NextKeyPath => Path.Combine(DataDirectory, "key-encryption-key.next");

    internal string KeyPath => KeyEncryptionKeyFile ?? Path.Combine(DataDirectory, "key-encryption-key");
}
