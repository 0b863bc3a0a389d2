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
    ConfirmTrust,
    SetRole,

    /// <summary>A gate was passed over: the reason lists what breaks.</summary>
    OverrideGate,

    /// <summary>A client has used a join token.</summary>
    Enrol,

    RotateEnrolmentAuthority,
    RevokeEnrolments,
}
