namespace SdsServer.Core.Rotation;

/// <summary>Why an authority is replaced; decides which gates there are and what a deadline may do.</summary>
public enum RotationKind
{
    /// <summary>From root to root, every gate waited for.</summary>
    Planned,

    /// <summary>The outgoing root is stolen: it is tainted at once, a running plan is pre-empted, deadlines may pass over who is late (rule E10).</summary>
    Emergency,

    /// <summary>From one authority to another under the same root: no bundle changes (rule E12).</summary>
    Intermediate,
}
