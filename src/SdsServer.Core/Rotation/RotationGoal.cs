namespace SdsServer.Core.Rotation;

/// <summary>Which of the plan's two authorities the fleet is being moved to.</summary>
public enum RotationGoal
{
    /// <summary>Towards <see cref="RotationPlan.To"/>.</summary>
    Forward,

    /// <summary>Back to <see cref="RotationPlan.From"/>.</summary>
    Back,
}
