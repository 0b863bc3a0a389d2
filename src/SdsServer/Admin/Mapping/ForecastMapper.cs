using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>What a rotation would take, by the fleet as it is now. Pure.</summary>
internal sealed class ForecastMapper(RefusalMapper refusals, FleetPolicy fleet)
{
    private const int MaxBlockers = 100;

    /// <param name="state">Without a rotation.</param>
    /// <param name="instances">The fleet.</param>
    /// <param name="policy">As it would be.</param>
    public Api.Forecast Map(TrustState state, IReadOnlyList<InstanceView> instances, RotationPolicy policy, DateTimeOffset now)
    {
        DateTimeOffset runwayEnd = Certificate.Parse(state.RootOf(state.Signer).Certificate.AsSpan()).NotAfter;
        TimeSpan absence = WorstAbsence(instances, now);
        List<Blocker> blockers = [.. instances.Select(Blocking).OfType<Blocker>()];
        Api.Forecast forecast = new()
        {
            Refusal = Runway(state.Signer, runwayEnd, absence + policy.TrustSoak + policy.DropSoak, now),
            WorstAbsenceWait = absence.ToDuration(),
            Leaves = instances.Count(instance => instance.Outstanding.Length > 0),
            RunwayEnd = runwayEnd.ToTimestamp(),
            Blockers = { blockers.Take(MaxBlockers).Select(refusals.Map) },
            BlockerCounts =
            {
                blockers.CountBy(blocker => blocker.Reason).OrderBy(count => count.Key)
                    .Select(count => new Api.BlockerCount { Reason = RefusalMapper.Reason(count.Key), Count = count.Value }),
            },
            Warnings = { Warnings(instances, policy, blockers) },
        };
        bool worstIsKnown = blockers.TrueForAll(blocker => blocker.Until is not null);
        foreach ((Api.Phase phase, TimeSpan soaks) in (ReadOnlySpan<(Api.Phase, TimeSpan)>)
        [
            (Api.Phase.Distributing, TimeSpan.Zero),
            (Api.Phase.Issuing, policy.TrustSoak),
            (Api.Phase.Drained, policy.TrustSoak),
            (Api.Phase.Removing, policy.TrustSoak + policy.DropSoak),
            (Api.Phase.Steady, policy.TrustSoak + policy.DropSoak),
        ])
        {
            DateTimeOffset? worst = phase == Api.Phase.Distributing ? now : worstIsKnown ? now + absence + soaks : null;
            forecast.Steps.Add(new Api.ForecastStep
            {
                Phase = phase,
                Wave = phase == Api.Phase.Issuing ? 1 : 0,
                EarliestTime = policy.Advance == AdvanceMode.Manual && phase != Api.Phase.Distributing ? null : (now + soaks).ToTimestamp(),
                WorstTime = policy.Advance == AdvanceMode.Manual && phase != Api.Phase.Distributing ? null : worst?.ToTimestamp(),
            });
        }

        return forecast;
    }

    // Any member may go away right now, and counts then until its last leaf has expired.
    private TimeSpan WorstAbsence(IReadOnlyList<InstanceView> instances, DateTimeOffset now)
    {
        TimeSpan longest = TimeSpan.Zero;
        foreach (LedgerRow leaf in instances.SelectMany(instance => instance.Outstanding))
        {
            TimeSpan wait = leaf.NotAfter + fleet.MaxSkew - now;
            longest = wait > longest ? wait : longest;
        }

        return longest;
    }

    private static Api.Refusal? Runway(string signer, DateTimeOffset end, TimeSpan worst, DateTimeOffset now) => worst <= end - now
        ? null
        : new Api.Refusal
        {
            Code = Api.RefusalCode.RunwayTooShort,
            Message = $"the root of '{signer}' expires at {end:u}, and this rotation may take {worst:c}: shorten trust_soak and drop_soak, or retire who is gone for good",
        };

    private Blocker? Blocking(InstanceView instance)
    {
        DateTimeOffset? expires = instance.Outstanding.IsEmpty ? null : instance.Outstanding.Max(leaf => leaf.NotAfter) + fleet.MaxSkew;
        return instance switch
        {
            { Member: false } => null,
            { Refusing: true, LastNack: { } nack } => Of(BlockerReason.Nacked, $"refused {nack.Secret}: {nack.Error}", null),
            { Connected: false } => Of(BlockerReason.Absent, "not connected; it counts until its last leaf has expired, or it is retired", expires),
            { BundleSubscriptions: 0 } => Of(BlockerReason.PendingAck, "connected, but not subscribed to the bundle", null),
            _ => null,
        };

        Blocker Of(BlockerReason reason, string detail, DateTimeOffset? until) =>
            new(instance.Id, instance.Key.SpiffeId, instance.Key.NodeId, reason, detail, until);
    }

    private static IEnumerable<string> Warnings(IReadOnlyList<InstanceView> instances, RotationPolicy policy, List<Blocker> blockers)
    {
        if (!instances.Any(instance => instance.Member))
        {
            yield return "no proxy is known: nothing proves that the new root arrives anywhere";
        }

        if (blockers.Any(blocker => blocker is { Reason: BlockerReason.Absent, Until: null }))
        {
            yield return "consumers that never take a leaf are away: no expiry ends their membership, so bring them back or retire them";
        }

        if (policy.Advance == AdvanceMode.Manual)
        {
            yield return "every step waits for AdvanceRotation, so no times can be given";
        }

        if (policy.DropSoak == TimeSpan.Zero)
        {
            yield return "without drop_soak the old root goes while connections made with it may still be open";
        }
    }
}
