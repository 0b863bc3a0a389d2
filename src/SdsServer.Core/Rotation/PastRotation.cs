namespace SdsServer.Core.Rotation;

/// <summary>A rotation that has ended.</summary>
/// <param name="Goal">Where it ended: <see cref="RotationGoal.Back"/> means it was rolled back.</param>
public sealed record PastRotation(
    string Id,
    string RequestId,
    RotationKind Kind,
    string From,
    string To,
    RotationGoal Goal,
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt)
{
    /// <summary>An emergency took over before it came to its end.</summary>
    public bool Preempted { get; init; }
}
