using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Mapping;

/// <summary>What a forecast needs to know of the fleet, all of it from between the same two events.</summary>
/// <param name="Waves">Of the rotation, as <see cref="TrustDomainEngine.PlannedWaves"/> has them.</param>
/// <param name="Unanchored">Who is not known to accept the root that the server's own certificate would move to.</param>
/// <param name="ServingWaits">The certificate waits for them; false: it leaves a stolen root at once.</param>
internal sealed record ForecastFleet(IReadOnlyList<InstanceView> Instances, IReadOnlyList<WaveView> Waves, IReadOnlyList<Blocker> Unanchored, bool ServingWaits)
{
    /// <param name="engine">As it is now.</param>
    /// <param name="kind">Of rotation.</param>
    /// <param name="policy">As it would be.</param>
    /// <param name="rotationId">Empty where there is none yet.</param>
    /// <param name="target">The authority to go to; one that is made only then is not known.</param>
    /// <param name="compromised">The authority whose root is stolen; null: the one that signs.</param>
    public static ForecastFleet Of(TrustDomainEngine engine, RotationKind kind, RotationPolicy policy, string rotationId, string target, Authority? compromised)
    {
        TrustState state = engine.State;
        string stolen = (compromised ?? state.Authority(state.Signer)).RootId;
        string? root = state.Authorities.FirstOrDefault(authority => authority.Id == target)?.RootId;
        return new ForecastFleet(
            engine.Instances(),
            engine.PlannedWaves(policy, rotationId),
            kind == RotationKind.Intermediate ? [] : engine.Unanchored(root),
            kind != RotationKind.Emergency || (state.Serving is { } serving && state.RootOf(serving.AuthorityId).Id != stolen));
    }
}
