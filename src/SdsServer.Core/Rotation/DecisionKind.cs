namespace SdsServer.Core.Rotation;

/// <summary>What a line of the log is about. Operators' commands have the names of the admin API's methods.</summary>
public enum DecisionKind
{
    /// <summary>A line of a program that had no kinds, or has kinds this one does not know.</summary>
    Unspecified,

    CreateTrustDomain,
    BeginTerm,
    AddTrust,
    SetSigner,
    DropTrust,
    FinishRotation,
    StartRotation,
    AdvanceRotation,
    RollbackRotation,
    ResumeForward,
    HoldRotation,
    UnholdRotation,
    CreateAuthority,
    DeleteAuthority,
    RetireInstance,
    RepushSecrets,
    CreateToken,
    DeleteToken,
    CreateRegistration,
    UpdateRegistration,
    DeleteRegistration,

    /// <summary>The registrations of the file were read, or refused.</summary>
    LoadRegistrations,
    ConfirmTrust,
    SetRole,

    /// <summary>The stored keys were encrypted under another key-encryption key.</summary>
    Rekey,

    /// <summary>A gate was passed over: the reason lists what breaks.</summary>
    OverrideGate,

    /// <summary>A client has used a join token.</summary>
    Enrol,

    /// <summary>An enrolled client has another certificate.</summary>
    RenewEnrolment,

    RotateEnrolmentAuthority,
    RevokeEnrolments,

    /// <summary>The server's own serving certificate is signed by another authority from now on.</summary>
    MoveServing,

    ConfirmAnchors,
}
