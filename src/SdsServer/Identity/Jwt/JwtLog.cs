namespace SdsServer.Identity.Jwt;

/// <summary>Never a token: claims, and what is wrong.</summary>
internal static partial class JwtLog
{
    [LoggerMessage(6001, LogLevel.Warning, "a JWT from {Peer} is refused ({Refusal}): {Reason}; {Unlogged} more were refused for that before", EventName = "JwtRefused")]
    public static partial void Refused(ILogger logger, string peer, JwtRefusal refusal, string reason, long unlogged);

    [LoggerMessage(6002, LogLevel.Information, "the keys of '{Issuer}' were read, {Count} can be used; {Unfit}", EventName = "JwtKeysRead")]
    public static partial void KeysRead(ILogger logger, string issuer, int count, string unfit);

    [LoggerMessage(6003, LogLevel.Warning, "the keys of '{Issuer}' cannot be read, which is tried again; those from before, if any, count until they are {MaxAge} old: {Fault}", EventName = "JwtKeysUnreadable")]
    public static partial void KeysUnreadable(ILogger logger, string issuer, TimeSpan maxAge, string fault);
}
