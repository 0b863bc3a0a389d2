namespace SdsServer.Identity.X509;

internal static partial class CertificateLog
{
    [LoggerMessage(6101, LogLevel.Warning, "a client certificate from {Peer} is refused ({Refusal}): {Reason}; {Unlogged} more were refused for that before", EventName = "CertificateRefused")]
    public static partial void Refused(ILogger logger, string peer, CertificateRefusal refusal, string reason, long unlogged);

    [LoggerMessage(6102, LogLevel.Information, "the authorities in '{File}' were read: {Count}", EventName = "AuthoritiesRead")]
    public static partial void AuthoritiesRead(ILogger logger, string file, int count);

    [LoggerMessage(6103, LogLevel.Warning, "the authorities in '{File}' cannot be read again, those from before count on: {Fault}", EventName = "AuthoritiesUnreadable")]
    public static partial void AuthoritiesUnreadable(ILogger logger, string file, string fault);
}
