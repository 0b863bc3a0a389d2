namespace SdsServer.Core.Rotation;

/// <summary>The three guarded moves, and the end of a plan.</summary>
public enum MoveKind
{
    AddTrust,
    SetSigner,
    DropTrust,
    Finish,
}
