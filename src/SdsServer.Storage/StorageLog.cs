using Microsoft.Extensions.Logging;

namespace SdsServer.Storage;

internal static partial class StorageLog
{
    [LoggerMessage(4001, LogLevel.Information, "Opened the database {Path} at schema version {SchemaVersion}", EventName = "DatabaseOpened")]
    public static partial void DatabaseOpened(ILogger logger, string path, int schemaVersion);

    [LoggerMessage(4002, LogLevel.Information, "Created the database {Path}", EventName = "DatabaseCreated")]
    public static partial void DatabaseCreated(ILogger logger, string path);

    [LoggerMessage(4003, LogLevel.Information, "Brought the database {Path} from schema version {From} to {To}", EventName = "DatabaseMigrated")]
    public static partial void DatabaseMigrated(ILogger logger, string path, int from, int to);

    [LoggerMessage(4004, LogLevel.Warning,
        "The database {Path} has {Bytes} bytes and was not checked at start; run \"PRAGMA quick_check\" on a copy of it", EventName = "DatabaseUnchecked")]
    public static partial void DatabaseUnchecked(ILogger logger, string path, long bytes);

    [LoggerMessage(4005, LogLevel.Warning,
        "Created the key-encryption key {Path}: back it up apart from the database, which cannot be read without it", EventName = "KeyEncryptionKeyCreated")]
    public static partial void KeyEncryptionKeyCreated(ILogger logger, string path);

    [LoggerMessage(4006, LogLevel.Error, "The database {Path} failed with SQLite error {Code}", EventName = "DatabaseFailed")]
    public static partial void DatabaseFailed(ILogger logger, string path, int code, Exception error);

    [LoggerMessage(4007, LogLevel.Information, "Closed the database {Path}", EventName = "DatabaseClosed")]
    public static partial void DatabaseClosed(ILogger logger, string path);

    [LoggerMessage(4009, LogLevel.Warning,
        "The {Keys} keys in {Path} are encrypted under {KeyFile} now: back that file up apart from the database; older backups still open with the key of before",
        EventName = "Rekeyed")]
    public static partial void Rekeyed(ILogger logger, string path, int keys, string keyFile);

    [LoggerMessage(4010, LogLevel.Warning, "A change of the key-encryption key of {Path} was cut short; it is {Outcome}", EventName = "RekeyingSettled")]
    public static partial void RekeyingSettled(ILogger logger, string path, string outcome);

    [LoggerMessage(4008, LogLevel.Warning,
        "The audit log in {Path} had {Lines} lines without hashes; they are chained as they were found: nothing proves what happened to them before",
        EventName = "LogChained")]
    public static partial void LogChained(ILogger logger, string path, long lines);
}
