using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Begin to move the fleet to another authority. The same request id returns the plan it began.</summary>
public sealed record StartRotation : EngineCommand
{
    public required string RequestId { get; init; }

    /// <summary>Resource id of the new rotation.</summary>
    public required string RotationId { get; init; }

    /// <summary>The authority that shall sign; it must be known and not signing. Empty, and only to be validated: one that would be made for it.</summary>
    public required string To { get; init; }

    public RotationKind Kind { get; init; }

    /// <summary>Emergency only: the authority whose root is stolen; null: the one that signs, if no plan is under way.</summary>
    public string? Compromised { get; init; }

    /// <summary>Check everything, change nothing.</summary>
    public bool ValidateOnly { get; init; }

    public RotationPolicy Policy { get; init; } = new();
}
