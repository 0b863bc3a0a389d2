using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Let a held plan go on; takes the wall clock as right if that was in doubt.</summary>
public sealed record UnholdRotation : EngineCommand
{
    /// <summary>The hold that the operator has looked at: one with another cause is not lifted by this order. Null: whatever it is.</summary>
    public HoldCause? Cause { get; init; }
}
