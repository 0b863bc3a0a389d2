namespace SdsServer.Identity.Registrations;

internal static partial class RegistrationLog
{
    [LoggerMessage(6402, LogLevel.Information, "{Count} registrations of {File} are in force", EventName = "RegistrationFileRead")]
    public static partial void FileRead(ILogger logger, string file, int count);

    [LoggerMessage(6403, LogLevel.Error, "the registrations of {File} are refused, those before stay in force: {Fault}", EventName = "RegistrationFileRefused")]
    public static partial void FileRefused(ILogger logger, string file, string fault);

    [LoggerMessage(6404, LogLevel.Error, "the audit log has no line of what was read from {File}", EventName = "RegistrationFileNotRecorded")]
    public static partial void NotRecorded(ILogger logger, string file, Exception error);
}
