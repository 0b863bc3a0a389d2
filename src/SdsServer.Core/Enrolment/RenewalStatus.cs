namespace SdsServer.Core.Enrolment;

/// <summary>What became of a renewal.</summary>
public enum RenewalStatus
{
    /// <summary>The next certificate is stored.</summary>
    Renewed,

    /// <summary>The certificate that it follows is gone or revoked.</summary>
    NotEnrolled,

    /// <summary>The enrolment has as many certificates as it may have.</summary>
    TooMany,
}
