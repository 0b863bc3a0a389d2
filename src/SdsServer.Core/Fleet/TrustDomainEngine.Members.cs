using System.Collections.Immutable;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Who belongs to the fleet, and how far everyone has come.</summary>
public sealed partial class TrustDomainEngine
{
    /// <summary>After a restart every instance with an unexpired row, and the roster, is a member at the floor (rule E2).</summary>
    private void Restore(TrustRecord record)
    {
        _expired.AddRange(record.Ledger.Where(row => row.State != LeafState.Expired && IsOver(row)).Select(row => row.Serial));
        foreach (IGrouping<string, LedgerRow> rows in record.Ledger
            .Where(row => row.Kind == LedgerRowKind.Leaf && row.State is not (LeafState.Superseded or LeafState.Overruled))
            .GroupBy(row => row.InstanceId)
            .OrderBy(rows => rows.Max(row => row.NotBefore)))
        {
            LedgerRow any = rows.First();
            int bundles = rows.Max(row => row.BundleSlots);
            int leaves = rows.Max(row => row.LeafSlots);
            if (rows.All(row => IsOver(row) || IsObsolete(row)))
            {
                RememberSlots(any.Key, bundles, leaves, rows.Max(row => row.NotAfter));
                continue;
            }

            Instance instance = Restored(any.InstanceId, any.Key, bundles, leaves);
            instance.LastSeen = rows.Max(row => row.NotBefore);
            foreach (LedgerRow row in rows.Where(row => !IsOver(row) && !IsObsolete(row)).OrderBy(row => row.NotBefore))
            {
                AddOutstanding(instance, new OutstandingLeaf(row, ++instance.LeavesIssued, payload: null, RenewAt(row, row.NotBefore)));
            }

            Count(instance);
            Tally(instance);
            NoticeAway(instance);
            SetTimer(instance);
        }

        foreach (LedgerRow row in record.Ledger.Where(row => row.Kind == LedgerRowKind.ExportedCa && row.State is not (LeafState.Superseded or LeafState.Overruled) && !IsOver(row)))
        {
            _exported.Add(row.Serial, row);
            _needs.Add(row.Anchors, row.AuthorityId);
            _expiries.Enqueue(row.Serial, row.NotAfter + _policy.MaxSkew);
        }

        foreach (RosterEntry entry in record.Roster)
        {
            // It may have leaves from before, or since, its registration said that it takes none.
            Instance instance = _instances.TryGetValue(entry.InstanceId, out Instance? known) ? known : Restored(entry.InstanceId, entry.Key, entry.BundleSlots, 0);
            instance.Bundles.RaiseTo(entry.BundleSlots, _now.Up);
            instance.Rostered = true;
            Count(instance);
        }
    }

    private Instance Restored(string id, InstanceKey key, int bundleSlots, int leafSlots)
    {
        Instance instance = Register(new Instance(id, key, new Workload(key.SpiffeId, [], BundleOnly: false)));
        instance.Fresh = false;
        instance.AwaySince = _now.Up;
        instance.OldestShown = 0;
        instance.Lo = _floor;
        instance.Settled = true;
        instance.Bundles.RaiseTo(bundleSlots, _now.Up);
        instance.Leaves.RaiseTo(leafSlots, _now.Up);
        return instance;
    }

    /// <summary>
    /// No safe root vouches for it, so it was found superseded before its root was dropped, and the lazy record of that was lost (rule E8).
    /// </summary>
    private bool IsObsolete(LedgerRow row) => !row.Anchors.Any(anchor => _state.IsSafe(anchor, _floor));

    private bool IsOver(LedgerRow row) => row.State == LeafState.Expired || row.NotAfter + _policy.MaxSkew < _clock.Judged;

    private Instance Register(Instance instance)
    {
        _instances.Add(instance);
        if (!_byKey.TryGetValue(instance.Key, out List<Instance>? same))
        {
            _byKey[instance.Key] = same = [];
        }

        same.Add(instance);
        return instance;
    }

    private void AddOutstanding(Instance instance, OutstandingLeaf leaf)
    {
        instance.Outstanding.Add(leaf.Row.Serial, leaf);
        _leafOwners[leaf.Row.Serial] = instance;
        _leavesOfIdentity[instance.Key.SpiffeId] = _leavesOfIdentity.GetValueOrDefault(instance.Key.SpiffeId) + 1;
        _needs.Add(leaf.Row.Anchors, leaf.Row.AuthorityId);
        _expiries.Enqueue(leaf.Row.Serial, leaf.Row.NotAfter + _policy.MaxSkew);
    }

    private void RemoveOutstanding(Instance instance, OutstandingLeaf leaf)
    {
        instance.Outstanding.Remove(leaf.Row.Serial);
        _leafOwners.Remove(leaf.Row.Serial);
        if (--_leavesOfIdentity[instance.Key.SpiffeId] == 0)
        {
            _leavesOfIdentity.Remove(instance.Key.SpiffeId);
        }

        _needs.Remove(leaf.Row.Anchors, leaf.SignedBy);
    }

    private void RememberSlots(InstanceKey key, int bundles, int leaves, DateTimeOffset notAfter)
    {
        (int oldBundles, int oldLeaves, DateTimeOffset until) = _oldSlots.GetValueOrDefault(key);
        DateTimeOffset keep = notAfter + SlotMemory;
        _oldSlots[key] = (Math.Max(bundles, oldBundles), Math.Max(leaves, oldLeaves), keep > until ? keep : until);
        if (_oldSlots.Count >= _oldSlotsSweptAt)
        {
            // Processes come under ever new keys, and this runs for years. Twice what stays, so that a sweep costs each entry no more than once.
            foreach (InstanceKey over in _oldSlots.Where(slots => slots.Value.Until <= _clock.Judged).Select(slots => slots.Key).ToList())
            {
                _oldSlots.Remove(over);
            }

            _oldSlotsSweptAt = Math.Max(FewOldSlots, _oldSlots.Count * 2);
        }
    }

    /// <summary>A member has a leaf it may present, or is on the roster, or is connected and proven to where the floor is.</summary>
    private bool IsMember(Instance instance) =>
        instance is { Ended: false, OverruledBelow: 0 }
        && (instance.Outstanding.Count > 0
            || instance.Work == LeafWork.Committing
            || instance.Enrolled
            || (instance.Connected && instance.Lo > 0 && instance.Lo >= _floor));

    private void Count(Instance instance)
    {
        // Who was passed over is back where everybody is, or not at all.
        instance.OverruledBelow = instance.Lo >= Math.Max(instance.OverruledBelow, _floor) ? 0 : instance.OverruledBelow;
        long? at = IsMember(instance) ? instance.Lo : null;
        _members.Move(instance.CountedAt, at);
        instance.CountedAt = at;
        instance.Excused &= instance.HasOpenRefusal;
        NoteAnchor(instance);
        // What it refuses matters as long as it can present a leaf, or counts without one: whoever has aged out keeps no gate shut.
        if (at is not null && instance.HasOpenRefusal && (instance.Outstanding.Count > 0 || instance.Work == LeafWork.Committing || instance.Enrolled))
        {
            instance.RefusingSince = _refusing.Add(instance, _now.Up) ? _now.Up : instance.RefusingSince;
        }
        else
        {
            _refusing.Remove(instance);
        }
    }

    /// <summary>lo rises only while every slot is there and proven and, unless the instance is fresh, no slot can be hiding.</summary>
    private void RaiseLo(Instance instance)
    {
        if (IsTrustConfirmed(instance))
        {
            instance.Lo = _state.Epoch;
        }

        // While its streams are being ended, a source of it may be a stranger on another connection, which delays nobody (ADR 21).
        if (!instance.Bundles.Complete || instance.Bundles.Live.Exists(static subscription => subscription.Displaced))
        {
            return;
        }

        long proven = long.MaxValue;
        bool refused = false;
        bool accepted = true;
        foreach (Subscription subscription in instance.Bundles.Live)
        {
            proven = Math.Min(proven, subscription.Proven);
            refused |= subscription.Refused;
            accepted &= subscription.HasAccepted;
        }

        // Where every slot has accepted something, a refusal on one that was given up is over.
        instance.BundleRefused = accepted ? refused : instance.BundleRefused;
        if (proven > instance.Lo && IsQuiet(instance, instance.Bundles))
        {
            instance.Lo = proven;
        }
    }

    // The same roots again, after one was gone in between, are not what somebody has looked for.
    private bool IsTrustConfirmed(Instance instance) =>
        instance is { Bundles.Slots: 0, Confirmed: { } confirmed } && _state.LastDrop <= confirmed.Epoch
        && confirmed.Roots.ToHashSet().SetEquals(_state.Bundle) && confirmed.Roots.All(root => _state.IsSafe(root, confirmed.Epoch));

    private bool IsQuiet(Instance instance, SlotSet slots) => instance.Fresh || _now.Up >= SettledAt(instance, slots);

    /// <summary>Monotonic time by which every stream that was in its backoff has come back, if the connection lives.</summary>
    private TimeSpan SettledAt(Instance instance, SlotSet slots) =>
        slots.ChangedAt + _policy.ReconnectWindow + (instance.Key.IsRemote ? _policy.DeadLinkWindow : TimeSpan.Zero);

    /// <summary>
    /// Without a leaf nobody can complete a handshake, so a proxy that stopped proving goes back among the pending: it delays nobody.
    /// </summary>
    private void Demote(Instance instance)
    {
        bool bare = instance.Outstanding.Count == 0 && instance.Work != LeafWork.Committing && !instance.Enrolled;
        if (bare && instance.Lo > 0 && instance.Lo < _state.Epoch
            && (_now.Up >= _epochSince + _policy.AckTimeout || instance.BundleRefused))
        {
            instance.Lo = 0;
            instance.Fresh = false;
        }
    }

    /// <summary>A later accepted leaf takes the place of the earlier ones once every slot that may hold them has accepted it.</summary>
    private void Supersede(Instance instance)
    {
        if (!instance.Leaves.Complete || !IsQuiet(instance, instance.Leaves))
        {
            return;
        }

        int accepted = int.MaxValue;
        foreach (Subscription subscription in instance.Leaves.Live)
        {
            accepted = Math.Min(accepted, subscription.AckedLeaf);
        }

        if (accepted == 0)
        {
            return;
        }

        foreach (OutstandingLeaf leaf in instance.Outstanding.Values.Where(leaf => leaf.Order < accepted).ToList())
        {
            RemoveOutstanding(instance, leaf);
            _effects.Add(new SetLeafState(leaf.Row.Serial, LeafState.Superseded));
        }
    }

    private void RaiseFloor()
    {
        if (!_begun || _now.Up < _frozenUntil)
        {
            return;
        }

        long lowest = Math.Min(_members.Lowest ?? _state.Epoch, _state.Epoch);
        foreach (long epoch in _replicas.Values)
        {
            lowest = Math.Min(lowest, epoch);
        }

        if (lowest <= _floor)
        {
            return;
        }

        _floor = lowest;
        foreach (Instance instance in _held.ToList())
        {
            Attend(instance);
        }
    }

    private void OnSlotsRaised(SlotsRaised raised)
    {
        if (_instances.TryGetValue(raised.InstanceId, out Instance? instance))
        {
            instance.SlotsBeingRaised--;
            if (instance.SlotsBeingRaised == 0)
            {
                foreach (Subscription subscription in instance.Subscriptions)
                {
                    subscription.AwaitsLedger = false;
                }

                Attend(instance);
            }
        }
    }

    private void OnRosterWritten(RosterWritten written)
    {
        if (_instances.TryGetValue(written.InstanceId, out Instance? instance))
        {
            instance.Rostered = true;
            if (instance.Bundles.Slots > instance.RosterPending)
            {
                SaveSlots(instance);
            }

            instance.RosterPending = 0;
            Attend(instance);
        }
    }

    private DateTimeOffset RenewAt(LedgerRow row, DateTimeOffset issued) =>
        issued + (row.NotAfter - issued) * (_policy.RenewAt + (0.1 * ((2 * _seams.Jitter.NextDouble()) - 1)));
}
