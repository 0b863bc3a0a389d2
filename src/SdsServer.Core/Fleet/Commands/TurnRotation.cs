using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Turn the plan: back to where it came from, or forward again. Lifts a hold.</summary>
public sealed record TurnRotation : EngineCommand
{
    public required RotationGoal Goal { get; init; }

    /// <summary>Check everything, change nothing.</summary>
    public bool ValidateOnly { get; init; }
}
