namespace SdsServer.Core.Rotation;

/// <summary>A rotation that is due before a root expires.</summary>
/// <param name="From">The authority that expires.</param>
/// <param name="RequestId">By which it is started once.</param>
/// <param name="SignNotBefore">The new authority signs nothing before.</param>
public sealed record ScheduledRotation(string From, RotationKind Kind, string RequestId, DateTimeOffset SignNotBefore);
