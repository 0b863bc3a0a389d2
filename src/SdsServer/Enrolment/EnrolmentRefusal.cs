namespace SdsServer.Enrolment;

/// <summary>Why nobody was enrolled.</summary>
internal enum EnrolmentRefusal
{
    /// <summary>The token is unknown, expired or deleted, or there is none.</summary>
    BadToken,

    /// <summary>The token is a workload's and not one for joining.</summary>
    OtherToken,

    /// <summary>Every use of the token is spent.</summary>
    SpentToken,

    /// <summary>The certificate request is malformed, or not signed by its key.</summary>
    BadRequest,

    /// <summary>It asks for an identity that the token does not give.</summary>
    OtherIdentity,

    /// <summary>The certificate to be renewed is none of a client that is enrolled.</summary>
    NotEnrolled,

    /// <summary>It asks too often.</summary>
    TooMany,

    /// <summary>Too many ask at once, from its address or in all.</summary>
    TooFast,
}
