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
    /// <param name="members">The fleet.</param>
    /// <param name="kind">Of rotation.</param>
    /// <param name="policy">As it would be.</param>
    public Api.Forecast Map(TrustState state, ForecastFleet members, RotationKind kind, RotationPolicy policy, DateTimeOffset now)
    {
        IReadOnlyList<InstanceView> instances = members.Instances;
        DateTimeOffset runwayEnd = state.Authority(state.Signer).Chain.Min(der => Certificate.Parse(der.AsSpan()).NotAfter);
        TimeSpan absence = WorstAbsence(instances, policy, now);
        TimeSpan grace = members is { ServingWaits: true, Unanchored.Count: > 0 } ? fleet.BootstrapGrace : TimeSpan.Zero;
        List<ForecastTime> times = Times(grace);
        List<Blocker> blockers = [.. instances.Select(instance => Blocking(instance, kind)).OfType<Blocker>()];
        bool known = blockers.TrueForAll(blocker => blocker.Until is not null) || (kind == RotationKind.Emergency && policy.ForceAtDeadlines);
        if (grace > TimeSpan.Zero)
        {
            // After all the others: without them the time is not known, from which the grace counts.
            ForecastTime last = times.Last(step => step.Phase == Api.Phase.Issuing);
            DateTimeOffset? moves = known && last.WorstIsCertain && policy is { TrustGate.Kind: GateKind.Ack or GateKind.Time, WaveGate.Kind: GateKind.Ack or GateKind.Time } ? last.Worst + grace : null;
            blockers.AddRange(members.Unanchored.Select(proxy => proxy with { Until = moves }));
        }

        int leaves = instances.Count(instance => instance.Outstanding.Length > 0);
        double rate = fleet.IssuesPerSecond * (kind == RotationKind.Emergency ? EmergencyIssues : 1);
        Api.Forecast forecast = new()
        {
            Refusal = kind == RotationKind.Emergency ? null : Runway(state.Signer, runwayEnd, NeedsOld(Times(TimeSpan.Zero)) - now, policy.SignNotBefore, now),
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
            Warnings = { Warnings(members, kind, policy, blockers, now) },
        };
        if (grace > TimeSpan.Zero && forecast.Refusal is null && NeedsOld(times) > runwayEnd)
        {
            // No refusal: who is out of time had better begin, and confirm the proxies on the way.
            forecast.Warnings.Add($"the server's own certificate may wait for the proxies without the new anchor until the chain of '{state.Signer}' has expired: give them the anchors, or confirm them, before {runwayEnd:u}");
        }

        if (times.Any(step => !step.WorstIsCertain) && kind != RotationKind.Emergency)
        {
            forecast.Warnings.Add($"a proxy that is away can keep a gate closed for longer than gate_deadline ({Rounded(fleet.GateDeadline(policy))}): then the rotation is held until somebody acts");
        }

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

        List<ForecastTime> Times(TimeSpan serving) =>
            [.. new ForecastTimes(kind, policy, members.Waves, absence, Outlasting(policy), serving, fleet.GateDeadline(policy), now).Steps()];
    }

    // Once its root is dropped, nothing needs the old authority any more.
    private static DateTimeOffset NeedsOld(List<ForecastTime> times) => times.Last(step => step.Gate != Gate.G4).Worst;

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

    private static IEnumerable<string> Warnings(ForecastFleet members, RotationKind kind, RotationPolicy policy, List<Blocker> blockers, DateTimeOffset now)
    {
        IReadOnlyList<InstanceView> instances = members.Instances;
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
            if (policy.SignNotBefore is { } notBefore && notBefore > now + policy.SignDeadline)
            {
                yield return policy.ForceAtDeadlines
                    ? $"sign_not_before {notBefore:u} lies behind sign_deadline, which passes over it: the new root signs from the deadline on"
                    : $"sign_not_before {notBefore:u} lies behind sign_deadline, which holds the rotation until then, or until 'soak' is passed over by name";
            }

            if (members is { ServingWaits: false, Unanchored: { Count: > 0 } losing })
            {
                yield return $"the server's own certificate leaves the stolen root at once: at their next connect these lose their link to this server, until their anchors hold the new root: {ProxyNames.Of(losing)}";
            }

            yield return "no connection is closed: what was opened under the stolen root lives on until its proxies are restarted or drained";
            yield break;
        }

        foreach (WaveView nobody in members.Waves.Where(ForecastTimes.IsForNobody))
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
