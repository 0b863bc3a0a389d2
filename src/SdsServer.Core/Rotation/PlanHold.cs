namespace SdsServer.Core.Rotation;

/// <summary>A plan that makes no move until the hold is lifted; secrets are served on.</summary>
public sealed record PlanHold(HoldCause Cause, string Reason, DateTimeOffset At);
