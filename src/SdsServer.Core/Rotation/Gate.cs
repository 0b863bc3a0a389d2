namespace SdsServer.Core.Rotation;

/// <summary>What must hold before a move, named as in the rules of the engine.</summary>
public enum Gate
{
    /// <summary>Before AddTrust: the root itself is fit.</summary>
    G0,

    /// <summary>Before SetSigner: every member enforces the root, and has for a while.</summary>
    G1,

    /// <summary>Before the next wave: everyone in the waves begun uses the new leaf, and has for a while.</summary>
    G2,

    /// <summary>Before DropTrust: no outstanding leaf needs the root, and none has for a while.</summary>
    G3,

    /// <summary>Before the plan ends: no member may still enforce a dropped root.</summary>
    G4,
}
