namespace SdsServer.Identity.Jwt;

/// <summary>Which check a token failed. For the operator alone: a caller is told one and the same for all.</summary>
internal enum JwtRefusal
{
    TooLarge,
    NotCompact,
    BadEncoding,
    BadJson,
    BadHeader,
    CriticalHeader,
    UnknownIssuer,
    AlgorithmNotAllowed,
    NoKeys,
    UnknownKey,
    UnusableKey,
    AlgorithmDoesNotFitKey,
    BadSignature,
    NoAudience,
    WrongAudience,
    NoExpiry,
    BadTime,
    Expired,
    NotYetValid,
    IssuedInFuture,
    LivesTooLong,
    RequiredClaim,
    ClaimMissing,
    ClaimUnfit,
    NotAuthenticated,
    NotServiceAccount,
}
