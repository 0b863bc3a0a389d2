namespace SdsServer.Identity.Reviews;

/// <summary>Never a token.</summary>
internal static partial class ReviewLog
{
    [LoggerMessage(6004, LogLevel.Warning, "tokens of '{Issuer}' cannot be judged, which is tried again: {Fault}. Until then nobody comes in by a token that was not judged within {MaxAge}, and streams end {Grace} after their next review was due", EventName = "TokenReviewFails")]
    public static partial void Fails(ILogger logger, string issuer, string fault, TimeSpan maxAge, TimeSpan grace);

    [LoggerMessage(6005, LogLevel.Information, "tokens of '{Issuer}' are judged again", EventName = "TokenReviewWorks")]
    public static partial void Works(ILogger logger, string issuer);

    [LoggerMessage(6006, LogLevel.Warning, "the token of {Subject} counts no more, and its streams end: {Reason}", EventName = "TokenReviewWithdrawn")]
    public static partial void Withdrawn(ILogger logger, string subject, string reason);

    [LoggerMessage(6007, LogLevel.Warning, "a token from {Address} was not sent to be judged: {Reason}; {Unlogged} more were not before", EventName = "TokenReviewTooMany")]
    public static partial void TooMany(ILogger logger, string address, string reason, long unlogged);
}
