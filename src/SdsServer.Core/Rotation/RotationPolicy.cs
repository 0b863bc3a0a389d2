namespace SdsServer.Core.Rotation;

/// <summary>How a plan moves. Soaks never replace evidence: they start when the evidence is complete.</summary>
public sealed record RotationPolicy
{
    /// <summary>Who takes the next move once its gate is open.</summary>
    public AdvanceMode Advance { get; init; } = AdvanceMode.Automatic;

    /// <summary>Wait between "every member enforces the new root" and the first leaf from it.</summary>
    public TimeSpan TrustSoak { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Wait between "the last leaf that needs the outgoing root is superseded" and its removal; at least the longest life of a connection.</summary>
    public TimeSpan DropSoak { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A gate shut for longer holds the plan; it never opens the gate. Null: twice the longest leaf lifetime.</summary>
    public TimeSpan? GateDeadline { get; init; }
}
