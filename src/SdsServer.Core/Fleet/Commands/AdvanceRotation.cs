using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Take the next move of a manual plan, if its gate is open.</summary>
public sealed record AdvanceRotation : EngineCommand
{
    /// <summary>The gate the operator has looked at: another one is not opened by this order.</summary>
    public Gate? Gate { get; init; }
}
