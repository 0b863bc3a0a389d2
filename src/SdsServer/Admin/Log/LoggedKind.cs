namespace SdsServer.Admin.Log;

/// <summary>What a line of the log is about.</summary>
internal enum LoggedKind
{
    Other,
    BeginTerm,
    CreateTrustDomain,
    StartRotation,
    TurnBack,
    TurnForward,
    Hold,
    Unhold,
    AddTrust,
    SetSigner,
    DropTrust,
    FinishRotation,
    AddAuthority,
    RemoveAuthority,
    RetireInstance,
}
