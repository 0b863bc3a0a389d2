using SdsServer.Core.Rotation;
using SdsServer.Grpc;

namespace SdsServer.Admin;

/// <summary>Who did what through the admin API. Requests and answers are never logged: they may hold tokens.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(5001, LogLevel.Information, "{Actor}: {Method} {Resource}: {Result}", EventName = "CommandDone")]
    public static partial void Done(ILogger logger, string actor, DecisionKind method, string resource, string result);

    [LoggerMessage(5002, LogLevel.Warning, "{Actor}: {Method} {Resource}: {Code}: {Detail}", EventName = "CommandRefused")]
    public static partial void Refused(ILogger logger, string actor, DecisionKind method, string resource, StatusCode code, string detail);

    [LoggerMessage(5003, LogLevel.Error, "{Actor}: {Method} {Resource}: failed", EventName = "CommandFailed")]
    public static partial void Failed(ILogger logger, string actor, DecisionKind method, string resource, Exception error);

    [LoggerMessage(5004, LogLevel.Error, "the key of authority {Authority} is still in the store, although nothing uses it: send DeleteAuthority again", EventName = "KeyLeftBehind")]
    public static partial void KeyLeftBehind(ILogger logger, string authority, Exception error);

    [LoggerMessage(5006, LogLevel.Error, "{Actor}: {Command} {Resource}: {Outcome}, but the audit log did not take the line", EventName = "NotRecorded")]
    public static partial void NotRecorded(ILogger logger, string actor, DecisionKind command, string resource, DecisionOutcome outcome, Exception error);

    [LoggerMessage(5005, LogLevel.Error, "the store could not be asked", EventName = "StoreUnavailable")]
    public static partial void StoreUnavailable(ILogger logger, Exception error);
}
