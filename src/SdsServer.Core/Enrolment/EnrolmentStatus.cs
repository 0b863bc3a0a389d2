namespace SdsServer.Core.Enrolment;

/// <summary>What became of an enrolment.</summary>
public enum EnrolmentStatus
{
    /// <summary>Its certificate is stored, and one use of the token is spent.</summary>
    Enrolled,

    /// <summary>The same key came again soon: the certificate of the first time counts, and no use was spent.</summary>
    Repeated,

    /// <summary>There is no such token any more, or it is none for joining.</summary>
    TokenGone,

    /// <summary>No use of the token is left.</summary>
    TokenSpent,
}
