namespace SdsServer.Enrolment;

/// <summary>Never a token.</summary>
internal static partial class EnrolmentLog
{
    [LoggerMessage(6201, LogLevel.Information, "{SpiffeId} has enrolled from {Peer} with token {Token}: certificate {Serial} until {NotAfter:u} ({Status})", EventName = "Enrolled")]
    public static partial void Enrolled(ILogger logger, string spiffeId, string peer, string token, string serial, DateTimeOffset notAfter, Core.Enrolment.EnrolmentStatus status);

    [LoggerMessage(6202, LogLevel.Information, "{SpiffeId} has renewed certificate {Renewed} from {Peer}: certificate {Serial} until {NotAfter:u}", EventName = "EnrolmentRenewed")]
    public static partial void Renewed(ILogger logger, string spiffeId, string renewed, string peer, string serial, DateTimeOffset notAfter);

    [LoggerMessage(6203, LogLevel.Warning, "{Peer} was not enrolled ({Refusal}): {Reason}; {Unlogged} more were refused for that before", EventName = "EnrolmentRefused")]
    public static partial void Refused(ILogger logger, string peer, EnrolmentRefusal refusal, string reason, long unlogged);
}
