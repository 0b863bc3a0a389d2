using SdsServer.Core.Audit;

namespace SdsServer.Hosting;

internal static partial class HostingLog
{
    [LoggerMessage(1001, LogLevel.Information, "ready: trust domain {TrustDomain}, term {Term}, epoch {Epoch}, signer {Signer}, xDS on {Xds}, admin on {Admin}", EventName = "Ready")]
    public static partial void Ready(ILogger logger, string trustDomain, long term, long epoch, string signer, string xds, string admin);

    [LoggerMessage(1002, LogLevel.Warning, "{Warning}", EventName = "Warning")]
    public static partial void Warn(ILogger logger, string warning);

    [LoggerMessage(1003, LogLevel.Critical, "the engine broke; nothing new is issued until a restart, proxies keep what they have", EventName = "EngineBroke")]
    public static partial void EngineBroke(ILogger logger, Exception error);

    [LoggerMessage(1004, LogLevel.Critical, "this process stops: {Reason}", EventName = "Stopping")]
    public static partial void Stops(ILogger logger, string reason);

    [LoggerMessage(1005, LogLevel.Information, "the serving certificate {File} has changed; the new one ends at {NotAfter:u}", EventName = "CertificateRead")]
    public static partial void CertificateRead(ILogger logger, string file, DateTime notAfter);

    [LoggerMessage(1006, LogLevel.Information, "the audit log ends at {Head}; its last {Lines} lines are as they were written", EventName = "LogIntact")]
    public static partial void LogIntact(ILogger logger, LogHead head, long lines);

    [LoggerMessage(1007, LogLevel.Warning,
        "the audit log is not what was written: {What}. Secrets are served all the same. Keep a copy of the data directory and run 'sdsctl audit verify'", EventName = "LogBroken")]
    public static partial void LogBroken(ILogger logger, string what);

    [LoggerMessage(1008, LogLevel.Warning, "the audit log could not be looked through; run 'sdsctl audit verify'", EventName = "LogUnchecked")]
    public static partial void LogUnchecked(ILogger logger, Exception error);

    [LoggerMessage(1009, LogLevel.Information, "the server's own serving certificate {Serial} is signed by {Authority} and ends at {NotAfter:u}", EventName = "ServingIssued")]
    public static partial void ServingIssued(ILogger logger, string authority, string serial, DateTimeOffset notAfter);

    [LoggerMessage(1010, LogLevel.Information, "{File} holds {Roots} anchors now", EventName = "AnchorsWritten")]
    public static partial void AnchorsWritten(ILogger logger, string file, int roots);

    [LoggerMessage(1011, LogLevel.Warning, "the chain of '{Authority}' expires at {NotAfter:u}, and no rotation leaves it: {Why}. Run '{Command}'", EventName = "NothingReplaces")]
    public static partial void NothingReplaces(ILogger logger, string authority, DateTimeOffset notAfter, string why, string command);

    [LoggerMessage(3001, LogLevel.Information, "{Actor}: {Action} ({Reason}); {Evidence}", EventName = "Decided")]
    public static partial void Decided(ILogger logger, string actor, string action, string reason, string evidence);

    [LoggerMessage(3002, LogLevel.Warning, "{About}: {Text}", EventName = "Noted")]
    public static partial void Noted(ILogger logger, string about, string text);

    [LoggerMessage(4102, LogLevel.Information, "{Rows} rows of leaves that nobody can present any more have left the ledger", EventName = "LedgerPruned")]
    public static partial void Pruned(ILogger logger, int rows);

    [LoggerMessage(4101, LogLevel.Error, "the store did not take the {What}; trying again in {Wait}", EventName = "StoreFailed")]
    public static partial void StoreFailed(ILogger logger, string what, TimeSpan wait, Exception error);

    [LoggerMessage(4103, LogLevel.Error, "the {What} broke, which is a fault of this server; it counts as no answer", EventName = "AskingBroke")]
    public static partial void AskingBroke(ILogger logger, string what, Exception error);
}
