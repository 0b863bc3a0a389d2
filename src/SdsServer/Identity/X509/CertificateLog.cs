using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

internal static partial class CertificateLog
{
    [LoggerMessage(6101, LogLevel.Warning, "a client certificate from {Peer} is refused ({Refusal}): {Reason}; {Unlogged} more were refused for that before", EventName = "CertificateRefused")]
    public static partial void Refused(ILogger logger, string peer, CertificateRefusal refusal, string reason, long unlogged);

    [LoggerMessage(6102, LogLevel.Information, "the authorities in '{File}' were read: {Count}", EventName = "AuthoritiesRead")]
    public static partial void AuthoritiesRead(ILogger logger, string file, int count);

    [LoggerMessage(6103, LogLevel.Warning, "the authorities in '{File}' cannot be read again, those from before count on: {Fault}", EventName = "AuthoritiesUnreadable")]
    public static partial void AuthoritiesUnreadable(ILogger logger, string file, string fault);

    [LoggerMessage(6104, LogLevel.Information, "the revocation lists in '{Files}' were read, for {Count} authorities", EventName = "RevocationListsRead")]
    public static partial void ListsRead(ILogger logger, string files, int count);

    [LoggerMessage(6105, LogLevel.Error, "revocation lists are refused, those from before count until they are out of date: {Fault}", EventName = "RevocationListsRefused")]
    public static partial void ListsRefused(ILogger logger, string fault);

    [LoggerMessage(6106, LogLevel.Warning, "{List} has used up three quarters of its time; once it is out of date nobody of this authority is let in", EventName = "RevocationListLate")]
    public static partial void ListLate(ILogger logger, CertificateRevocationList list);

    [LoggerMessage(6107, LogLevel.Error, "{List} is out of date: nobody of this authority is let in, and its streams end, until there is a fresh one", EventName = "RevocationListEnded")]
    public static partial void ListEnded(ILogger logger, CertificateRevocationList list);
}
