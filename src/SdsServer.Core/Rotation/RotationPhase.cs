namespace SdsServer.Core.Rotation;

/// <summary>A label computed from the state for people to read; nothing is decided by it.</summary>
public enum RotationPhase
{
    /// <summary>No plan.</summary>
    Steady,

    /// <summary>Both roots are trusted, the outgoing authority signs.</summary>
    Distributing,

    /// <summary>Both roots are trusted, the target authority signs, leaves that need the outgoing root are out.</summary>
    Issuing,

    /// <summary>Both roots are trusted, nothing needs the outgoing one any more.</summary>
    Drained,

    /// <summary>The outgoing root is dropped; some member may still enforce it.</summary>
    Removing,
}
