using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Mapping;

/// <summary>How long a rotation waits by its policy alone, if every answer comes at once and every gate opens by itself.</summary>
internal static class PlanWaits
{
    /// <summary>From the first leaf of the new authority to the last wave.</summary>
    public static TimeSpan Waves(RotationPolicy policy) => WaveAssignment.Count(policy.Waves) is > 1 and int count
        ? Before(policy, Gate.G2, policy.CanarySoak) + ((count - 2) * Before(policy, Gate.G2, policy.WaveSoak))
        : TimeSpan.Zero;

    /// <summary>From the last old leaf to its root's removal.</summary>
    public static TimeSpan Drop(RotationPolicy policy) => policy.DropSoak > policy.MaxConnectionAge ? policy.DropSoak : policy.MaxConnectionAge;

    /// <summary>From start to end.</summary>
    public static TimeSpan All(RotationPolicy policy) =>
        Before(policy, Gate.G1, policy.TrustSoak) + Waves(policy) + Before(policy, Gate.G3, Drop(policy));

    /// <summary>The wait before a gate: its time where time alone opens it, else the soak.</summary>
    public static TimeSpan Before(RotationPolicy policy, Gate gate, TimeSpan soak) =>
        policy.At(gate) is { Kind: GateKind.Time } time ? time.After : soak;
}
