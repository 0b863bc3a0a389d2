using System.Collections.Immutable;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>What can be seen from outside.</summary>
public sealed partial class TrustDomainEngine
{
    /// <summary>The current bundle, as members share it.</summary>
    public BundlePayload Bundle => _shared;

    /// <summary>The term has begun: its first state is durable, secrets are handed out.</summary>
    public bool Serving => _begun;

    // Whoever the process before has forgotten has had its time to come back.
    private DateTimeOffset TermIsOldAt => _now.Utc + (_frozenUntil - _now.Up);

    /// <summary>Leaves that are being signed or written.</summary>
    public int LeavesUnderWay => _tickets.Count;

    /// <summary>Why the signer cannot sign, or null.</summary>
    public string? SignerProblem => _signerProblems.TryGetValue(_state.Signer, out (string Text, TimeSpan Until) problem) ? problem.Text : null;

    /// <summary>The wall clock jumped, and nobody has accepted it yet.</summary>
    public bool ClockInDoubt => _clock.InDoubt;

    /// <summary>UTC, by which expiry is judged: a wall clock that jumped ahead does not move it.</summary>
    public DateTimeOffset JudgedTime => _clock.Judged;

    public FleetSummary Summarize() => new(
        _members.Total,
        _instances.Walk().Count(instance => instance.CountedAt is null),
        _members.At(_state.Epoch),
        _refusing.All.Count,
        _instances.Walk().Count(instance => instance is { CountedAt: not null, Connected: false }),
        _leafOwners.Count,
        _state.Plan is { } plan ? Facts(plan).NeedOutgoing : 0);

    /// <summary>How far the fleet has come with the leaves of this authority. One walk, without sorting or copying.</summary>
    public FleetProgress Progress(string authorityId)
    {
        int takers = 0, moved = 0, refusing = 0, quarantined = 0;
        foreach (Instance instance in _instances.Walk())
        {
            quarantined += instance.CountedAt is not null && IsQuarantined(instance) ? 1 : 0;
            if (instance.Outstanding.Count > 0)
            {
                takers++;
                moved += HasMoved(instance, authorityId) ? 1 : 0;
                refusing += instance.HasOpenRefusal ? 1 : 0;
            }
        }

        return new FleetProgress(takers, moved, refusing, quarantined);
    }

    /// <summary>Every instance, ordered by identity, node and id.</summary>
    public IReadOnlyList<InstanceView> Instances() =>
        [.. _instances.Walk()
            .OrderBy(instance => instance.Key.SpiffeId, StringComparer.Ordinal)
            .ThenBy(instance => instance.Key.NodeId, StringComparer.Ordinal)
            .ThenBy(instance => instance.Id, StringComparer.Ordinal)
            .Select(View)];

    /// <summary>One instance, or null.</summary>
    public InstanceView? Find(string id) => _instances.TryGetValue(id, out Instance? instance) ? View(instance) : null;

    /// <summary>What keeps the plan's next gate shut, all of it; empty when it is open or there is no plan.</summary>
    public IReadOnlyList<Blocker> AllBlockers() =>
        _state.Plan is { } plan && RotationPlanner.Next(_state, Facts(plan), _clock.Reckoned) is { Open: false } verdict ? [.. Blockers(_state, verdict)] : [];

    private InstanceView View(Instance instance) => new()
    {
        Id = instance.Id,
        Key = instance.Key,
        NodeVersion = instance.NodeVersion,
        Connected = instance.Connected,
        FirstSeen = instance.FirstSeen,
        LastSeen = instance.LastSeen,
        Secrets = [.. instance.Subscriptions.Select(subscription => subscription.Name).Distinct().Order(StringComparer.Ordinal)],
        Member = instance.CountedAt is not null,
        Quarantined = instance.CountedAt is not null && IsQuarantined(instance),
        Rostered = instance.Rostered,
        Lo = instance.Lo,
        BundleSlots = instance.Bundles.Slots,
        LeafSlots = instance.Leaves.Slots,
        BundleSubscriptions = instance.Bundles.Live.Count,
        LeafSubscriptions = instance.Leaves.Live.Count,
        Dirty = _dirty.Contains(instance.Key),
        Outstanding = [.. instance.Outstanding.Values.OrderBy(leaf => leaf.Order).Select(leaf => leaf.Row with { State = leaf.State })],
        RenewAt = instance.Newest?.RenewAt,
        HeldBecause = instance.HeldBecause,
        LastNack = instance.LastNack,
        Refusing = instance.HasOpenRefusal,
        Traits = instance.Traits,
        Wave = WaveNumber(instance),
        UnmanagedTrust = instance is { Bundles.Slots: 0, Workload.BundleOnly: false },
        TrustConfirmed = IsTrustConfirmed(instance),
    };
}
