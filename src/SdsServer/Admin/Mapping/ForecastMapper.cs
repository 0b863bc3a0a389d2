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
    private const int EmergencyIssues = 4;

    /// <param name="state">As it is.</param>
    /// <param name="instances">The fleet.</param>
    /// <param name="waves">Of the rotation, as <see cref="TrustDomainEngine.PlannedWaves"/> has them.</param>
    /// <param name="kind">Of rotation.</param>
    /// <param name="policy">As it would be.</param>
    public Api.Forecast Map(
        TrustState state, IReadOnlyList<InstanceView> instances, IReadOnlyList<WaveView> waves, RotationKind kind, RotationPolicy policy, DateTimeOffset now)
    {
        DateTimeOffset runwayEnd = state.Authority(state.Signer).Chain.Min(der => Certificate.Parse(der.AsSpan()).NotAfter);
        TimeSpan absence = WorstAbsence(instances, policy, now);
        List<Blocker> blockers = [.. instances.Select(instance => Blocking(instance, kind)).OfType<Blocker>()];
        List<ForecastTime> times = [.. new ForecastTimes(kind, policy, waves, absence, Outlasting(policy), now).Steps()];
        int leaves = instances.Count(instance => instance.Outstanding.Length > 0);
        double rate = fleet.IssuesPerSecond * (kind == RotationKind.Emergency ? EmergencyIssues : 1);
        Api.Forecast forecast = new()
        {
            Refusal = kind == RotationKind.Emergency ? null : Runway(state.Signer, runwayEnd, times[^1].Worst - now, policy.SignNotBefore, now),
            WorstAbsenceWait = absence.ToDuration(),
            Leaves = leaves,
            IssuingTime = TimeSpan.FromSeconds(Math.Ceiling(leaves / rate)).ToDuration(),
            RunwayEnd = runwayEnd.ToTimestamp(),
            Blockers = { blockers.Take(MaxBlockers).Select(refusals.Map) },
            BlockerCounts =
            {
                blockers.CountBy(blocker => blocker.Reason).OrderBy(count => count.Key)
                    .Select(count => new Api.BlockerCount { Reason = RefusalMapper.Reason(count.Key), Count = count.Value }),
            },
            Warnings = { Warnings(instances, waves, kind, policy, blockers) },
        };
        bool known = blockers.TrueForAll(blocker => blocker.Until is not null) || (kind == RotationKind.Emergency && policy.ForceAtDeadlines);
        bool alone = true;
        foreach (ForecastTime step in times)
        {
            GatePolicy? opens = step.Gate is { } gate ? policy.At(gate) : null;
            alone &= opens?.Kind is not (GateKind.Approval or GateKind.Webhook);
            bool passedOver = step.Wave is { } wave && ForecastTimes.IsForNobody(wave);
            bool first = step.Gate is null && step.Phase == Api.Phase.Distributing;
            forecast.Steps.Add(new Api.ForecastStep
            {
                Phase = step.Phase,
                Wave = step.Wave?.Index ?? 0,
                Proxies = step.Wave?.Proxies ?? 0,
                Extent = step.Wave?.Extent is { } extent ? WaveMapper.Map(extent) : null,
                Gate = step.Gate is { } before ? Labels.Of(before) : Api.GateCode.Unspecified,
                OpenedBy = opens is null ? null : PolicyMapper.Map(opens),
                EarliestTime = alone && !passedOver ? step.Earliest.ToTimestamp() : null,
                WorstTime = alone && !passedOver && (known || first) && step.WorstIsCertain ? step.Worst.ToTimestamp() : null,
            });
        }

        return forecast;
    }

    // Any member may go away right now, and counts then until its last leaf has expired; those that stay get short leaves where they are squeezed.
    private TimeSpan WorstAbsence(IReadOnlyList<InstanceView> instances, RotationPolicy policy, DateTimeOffset now)
    {
        TimeSpan longest = TimeSpan.Zero;
        foreach (InstanceView instance in instances)
        {
            foreach (LedgerRow leaf in instance.Outstanding)
            {
                TimeSpan wait = leaf.NotAfter + fleet.MaxSkew - now;
                wait = instance.Connected && policy.LeafLifetime is not null && wait > Outlasting(policy) ? Outlasting(policy) : wait;
                longest = wait > longest ? wait : longest;
            }
        }

        return longest;
    }

    /// <summary>How long a leaf issued on the way counts after its proxy has gone.</summary>
    private TimeSpan Outlasting(RotationPolicy policy) =>
        (policy.LeafLifetime is { } squeezed && squeezed < fleet.MaxLeafLifetime ? squeezed : fleet.MaxLeafLifetime) + fleet.MaxSkew;

    private static Api.Refusal? Runway(string signer, DateTimeOffset end, TimeSpan worst, DateTimeOffset? signNotBefore, DateTimeOffset now) => worst <= end - now
        ? null
        : new Api.Refusal
        {
            Code = Api.RefusalCode.RunwayTooShort,
            Message = $"the chain of '{signer}' expires at {end:u}, and this rotation may take {Rounded(worst)}: "
                + (signNotBefore > end
                    ? $"sign_not_before {signNotBefore:u} lies behind that, choose an earlier time,"
                    : "shorten trust_soak, the waves' soaks and drop_soak, squeeze leaf_lifetime, retire who is gone for good,")
                + $" or start it as kind EMERGENCY with compromised_authority '{signer}', which has deadlines",
        };

    private static string Rounded(TimeSpan span) =>
        span.TotalDays > 2 ? $"{Math.Ceiling(span.TotalDays):0} days" : span.TotalHours > 2 ? $"{Math.Ceiling(span.TotalHours):0} hours" : $"{Math.Ceiling(span.TotalMinutes):0} minutes";

    private Blocker? Blocking(InstanceView instance, RotationKind kind)
    {
        DateTimeOffset? expires = instance.Outstanding.IsEmpty ? null : instance.Outstanding.Max(leaf => leaf.NotAfter) + fleet.MaxSkew;
        bool trust = kind != RotationKind.Intermediate;
        return instance switch
        {
            { Member: false } => null,
            { Refusing: true, LastNack: { } nack } => Of(BlockerReason.Nacked, $"refused {nack.Secret}: {nack.Error}", null),
            { Connected: false } => Of(BlockerReason.Absent, "not connected; it counts until its last leaf has expired, or it is retired", expires),
            { UnmanagedTrust: true } when trust => Of(
                BlockerReason.UnmanagedTrust, "takes no bundle from here: once the new root is in the bundle, find out that it trusts both, then confirm it, or retire it", null),
            { BundleSubscriptions: 0 } when trust => Of(BlockerReason.PendingAck, "connected, but not subscribed to the bundle", null),
            _ => null,
        };

        Blocker Of(BlockerReason reason, string detail, DateTimeOffset? until) =>
            new(instance.Id, instance.Key.SpiffeId, instance.Key.NodeId, reason, detail, until);
    }

    private static IEnumerable<string> Warnings(
        IReadOnlyList<InstanceView> instances, IReadOnlyList<WaveView> waves, RotationKind kind, RotationPolicy policy, List<Blocker> blockers)
    {
        if (!instances.Any(instance => instance.Member))
        {
            yield return "no proxy is known: nothing proves that the new root arrives anywhere";
        }

        if (blockers.Any(blocker => blocker is { Reason: BlockerReason.Absent, Until: null }))
        {
            yield return "consumers that never take a leaf are away: no expiry ends their membership, so bring them back or retire them";
        }

        if (kind == RotationKind.Emergency)
        {
            yield return policy.ForceAtDeadlines
                ? "at the deadlines whoever is not ready is passed over, in your name: its handshakes fail until it is"
                : "the deadlines hold the rotation: what remains then has to be overridden by name, or waited for";
            yield return "no connection is closed: what was opened under the stolen root lives on until its proxies are restarted or drained";
            yield break;
        }

        foreach (WaveView nobody in waves.Where(ForecastTimes.IsForNobody))
        {
            yield return instances.Any(instance => nobody.Extent!.Selector!.Matches(instance.Traits))
                ? $"wave {nobody.Index} reaches nobody: whom it selects is not connected, takes no leaf, or is in an earlier wave; it is passed over"
                : $"wave {nobody.Index} reaches nobody: no known proxy matches its selector; it is passed over, so mend the selector if that is a slip";
        }

        (string Step, GatePolicy Gate)[] gates = [("before the first leaf of the new authority", policy.TrustGate), ("between waves", policy.WaveGate), ("before the old root is dropped", policy.DropGate)];
        if (gates.Any(gate => gate.Gate.Kind is GateKind.Approval or GateKind.Webhook))
        {
            yield return gates.All(gate => gate.Gate.Kind == GateKind.Approval)
                ? "every step waits for AdvanceRotation, so no times can be given"
                : "steps wait for AdvanceRotation or the webhook, so no times can be given from there on";
        }

        foreach ((string step, _) in gates.Where(gate => gate.Gate.Kind == GateKind.Time))
        {
            yield return $"unsafe: {step} the time alone decides, and nobody is asked";
        }

        if (kind == RotationKind.Planned && PlanWaits.Drop(policy) == TimeSpan.Zero)
        {
            yield return "without drop_soak the old root goes while connections made with it may still be open";
        }
    }
}
