using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>Which process a stream belongs to, and what its coming and going says.</summary>
public sealed partial class TrustDomainEngine
{
    private void OnOpened(SubscriptionOpened opened)
    {
        Instance? instance = _byConnection.GetValueOrDefault(opened.Connection)?.Find(known => known.Key == opened.Key);
        Instance? holder = Holder(opened);
        if (holder is not null && holder != instance)
        {
            instance = Continue(holder, instance, opened);
            if (SecretVersion.LeafSerial(opened.ReportedVersion) is null)
            {
                // By its key alone: it may be any of those, and have run for as long. So none of them is newer, and lasts for that.
                holder.FirstSeen = EarliestSeen(holder.Key);
                List<Instance> same = _byKey[holder.Key];
                same.Remove(holder);
                same.Add(holder);
            }
        }

        instance ??= Arrive(opened);
        // What a leaf of this term says, or one under way will say, it shall not say any more.
        instance.WantsLeaf |= !opened.Workload.HasSameLeaves(instance.Workload) && (instance.Newest is not null || instance.Work is LeafWork.Signing or LeafWork.Committing);
        instance.Workload = opened.Workload;
        instance.NodeVersion = opened.NodeVersion;
        instance.Traits = opened.Traits ?? instance.Traits;
        instance.Admin = opened.Admin ?? instance.Admin;
        instance.Anchors = opened.Anchors;
        NoteLeftBehind(instance);
        instance.LastSeen = _now.Utc;
        if (!string.IsNullOrEmpty(opened.ReportedVersion))
        {
            NotFresh(instance);
        }

        if (holder is null)
        {
            bool isUndated = SecretVersion.LeafSerial(opened.ReportedVersion) is not null || (opened.Kind == SecretKind.TicketKeys && !string.IsNullOrEmpty(opened.ReportedVersion));
            long shown = isUndated ? 0 : SecretVersion.BundleEpoch(opened.ReportedVersion) ?? long.MaxValue;
            instance.OldestShown = Math.Min(instance.OldestShown, shown);
            DoubtAge(instance);
        }

        NoticeNewer(instance, opened.ReportedVersion);
        Settle(instance);
        // A slot of it is being made durable, perhaps this very one before its stream was cut.
        Subscription subscription = new(opened, instance) { AwaitsLedger = instance.SlotsBeingRaised > 0 };
        _subscriptions.Add(subscription.Id, subscription);
        SlotSet slots = instance.SlotsOf(opened.Kind);
        int before = slots.Slots;
        slots.Add(subscription, _now.Up);
        if (opened.Kind != SecretKind.TicketKeys && slots.Slots > before && (instance.Outstanding.Count > 0 || instance.Rostered))
        {
            SaveSlots(instance);
        }

        Attend(instance);
    }

    /// <summary>The instance that the ledger says was given the leaf this stream reports, if its key agrees.</summary>
    private Instance? Holder(SubscriptionOpened opened)
    {
        if (SecretVersion.LeafSerial(opened.ReportedVersion) is { } serial)
        {
            return _leafOwners.TryGetValue(serial, out Instance? owner) && owner.Key == opened.Key ? owner : null;
        }

        // A consumer on the roster has no leaf to show; its key is all there is, and it is never fresh.
        return opened.Workload.BundleOnly && _byKey.TryGetValue(opened.Key, out List<Instance>? same)
            ? same.Find(known => known.Enrolled && known.Connection == opened.Connection) ?? same.Find(static known => known.Enrolled && !known.Connected)
            : null;
    }

    // What it had before it came under this name it got while it was passed over, had expired, or was another server's.
    private static void DoubtAge(Instance instance) => instance.FirstSeen = instance.OldestShown < instance.ArrivedAt ? null : instance.FirstSeen;

    private DateTimeOffset? EarliestSeen(InstanceKey key) =>
        _byKey[key].Exists(static known => known.FirstSeen is null) ? null : _byKey[key].Min(static known => known.FirstSeen);

    private Instance Arrive(SubscriptionOpened opened)
    {
        bool hides = MayHideSlots(opened.Key);
        Instance instance = Register(new Instance(_seams.RandomHex(8), opened.Key, opened.Workload)
        {
            ArrivedAt = _state.Epoch,
            FirstSeen = string.IsNullOrEmpty(opened.ReportedVersion) ? _now.Utc : null,
        });
        JoinConnection(instance, opened);
        if (hides)
        {
            NotFresh(instance);
        }

        return instance;
    }

    /// <summary>
    /// A process of this key that has bundle bytes, but no leaf that would make it count, may be the one that looks new now: it vanished,
    /// its connection died unnoticed, its leaf expired, or it was there before this term and nobody remembers it.
    /// </summary>
    private bool MayHideSlots(InstanceKey key) =>
        _vanished.Contains(key)
        || _oldSlots.ContainsKey(key)
        || (_byKey.TryGetValue(key, out List<Instance>? same) && same.Exists(other => other.Outstanding.Count == 0 && !other.Enrolled))
        || _now.Up < _frozenUntil;

    /// <summary>It may hide slots: it takes over those of its key's expired rows, and nothing is concluded before Wr of quiet.</summary>
    private void NotFresh(Instance instance)
    {
        if (!instance.Fresh)
        {
            return;
        }

        instance.Fresh = false;
        if (_oldSlots.TryGetValue(instance.Key, out (int Bundles, int Leaves, DateTimeOffset Until) old) && _clock.Judged < old.Until)
        {
            TakeSlots(instance, old.Bundles, old.Leaves);
        }
    }

    /// <summary>The known process is back on a new connection: its older connection is dead, and what the new one has so far is its own.</summary>
    private Instance Continue(Instance known, Instance? provisional, SubscriptionOpened opened)
    {
        foreach (Subscription stale in known.Subscriptions.ToList())
        {
            Displace(stale);
            Detach(stale);
        }

        if (known.Connection is { } old)
        {
            LeaveConnection(known, old);
        }

        JoinConnection(known, opened);
        known.Fresh = false;
        known.ReconnectDue = _now.Up + (_policy.ReconnectSpread * _seams.Jitter.NextDouble());
        if (provisional is not null)
        {
            Absorb(known, provisional);
        }

        return known;
    }

    private void Absorb(Instance known, Instance provisional)
    {
        int bundles = known.Bundles.Slots;
        int leaves = known.Leaves.Slots;

        // What either may enforce, the one process may; nothing older has been sent to it under the other name than what was current when it came.
        known.Lo = Math.Min(known.Lo, Math.Max(provisional.Lo, provisional.ArrivedAt));
        known.OverruledBelow = Math.Max(known.OverruledBelow, provisional.OverruledBelow);
        // Of one that was taken for a process of its own nobody may know since when it has run; of a newcomer, only that this one is it.
        bool isUndated = provisional is { FirstSeen: null, Outstanding.Count: > 0 };
        known.FirstSeen = isUndated || provisional.FirstSeen < known.FirstSeen ? provisional.FirstSeen : known.FirstSeen;
        known.OldestShown = Math.Min(known.OldestShown, provisional.OldestShown);
        DoubtAge(known);
        if (provisional.Outstanding.Count > 0)
        {
            // Both were taken for processes of their own: what each may hide, the one process may.
            known.Bundles.RaiseTo(bundles + provisional.Bundles.Slots, _now.Up);
            known.Leaves.RaiseTo(leaves + provisional.Leaves.Slots, _now.Up);
        }

        known.Bundles.MissLike(provisional.Bundles, _now.Up);
        known.Leaves.MissLike(provisional.Leaves, _now.Up);
        foreach (Subscription subscription in provisional.Subscriptions.ToList())
        {
            provisional.SlotsOf(subscription.Kind).Remove(subscription, _now.Up);
            subscription.Instance = known;

            // What was being written under the other name says nothing of this one.
            subscription.AwaitsLedger = known.SlotsBeingRaised > 0;
            known.SlotsOf(subscription.Kind).Add(subscription, _now.Up);
        }

        // What it has refused before it said who it is, it has refused.
        bool isHealed = known.Bundles.Live.Any(subscription => subscription.Proven > 0);
        known.BundleRefused = (known.BundleRefused && !isHealed) || known.Bundles.Live.Any(subscription => subscription.Refused);
        known.LeafRefused |= known.Leaves.Live.Any(subscription => subscription.Refused);
        known.LastNack = provisional.LastNack ?? known.LastNack;
        if (provisional.NewerEpoch > known.NewerEpoch)
        {
            known.NewerEpoch = provisional.NewerEpoch;
            _newer.Add(known);
        }

        foreach (OutstandingLeaf leaf in provisional.Outstanding.Values.ToList())
        {
            // It came later than what is remembered here, which therefore must not be sent again.
            known.Newest = null;
            RemoveOutstanding(provisional, leaf);
            AddOutstanding(known, new OutstandingLeaf(leaf.Row, ++known.LeavesIssued, payload: null, leaf.RenewAt) { State = leaf.State, Lost = true });
        }

        foreach (Subscription subscription in known.Leaves.Live)
        {
            subscription.AckedLeaf = 0;
        }

        Unenrol(provisional);
        Forget(provisional);
        if (known.Bundles.Slots > bundles || known.Leaves.Slots > leaves)
        {
            SaveSlots(known);
        }
    }

    private void SaveSlots(Instance instance)
    {
        foreach (Subscription subscription in instance.Subscriptions)
        {
            subscription.AwaitsLedger = true;
        }

        instance.SlotsBeingRaised++;
        _effects.Add(new RaiseSlots(instance.Id, instance.Bundles.Slots, instance.Leaves.Slots));
    }

    private void OnClosed(SubscriptionClosed closed)
    {
        if (_subscriptions.TryGetValue(closed.Subscription, out Subscription? subscription))
        {
            Detach(subscription);
            subscription.Instance.LastSeen = _now.Utc;
            Attend(subscription.Instance);
        }
    }

    // Asked before its streams change: while no source of it is there, none comes back.
    private void Settle(Instance instance) =>
        instance.Settled |= instance.Bundles.Live.Count + instance.Leaves.Live.Count > 0 && !OwesBundle(instance) && _now.Up >= SettledAt(instance, instance.Bundles) && _now.Up >= SettledAt(instance, instance.Leaves);

    // Such a source may have come with what is older than anything it was sent.
    private static bool OwesBundle(Instance instance) => instance.Bundles.Live.Exists(static subscription => !subscription.HasAccepted);

    private void Detach(Subscription subscription)
    {
        Instance instance = subscription.Instance;
        Settle(instance);
        _subscriptions.Remove(subscription.Id);
        instance.SlotsOf(subscription.Kind).Remove(subscription, _now.Up);
        if (subscription.Displaced)
        {
            // It may have been stuck for long before it ended, and counts its backoff from now.
            foreach (Instance other in _byKey[instance.Key])
            {
                KinLookedAt++;
                if (other != instance)
                {
                    other.SlotsOf(subscription.Kind).Disturb(_now.Up);
                }
            }
        }

        Lose(subscription);
        NotFresh(instance);
    }

    /// <summary>What was sent and not answered may be in force, or stored for later: its bytes are never sent to this process again.</summary>
    private void Lose(Subscription subscription)
    {
        if (subscription.InFlight is null)
        {
            return;
        }

        if (subscription.Kind == SecretKind.Bundle)
        {
            _dirty.Add(subscription.Instance.Key);
        }
        else if (subscription.OfferedLeaf is { } serial && subscription.Instance.Outstanding.TryGetValue(serial, out OutstandingLeaf? leaf))
        {
            leaf.Lost = true;
        }

        subscription.InFlight = null;
    }

    private void OnConnectionClosed(ConnectionClosed closed)
    {
        if (!_byConnection.TryGetValue(closed.Connection, out List<Instance>? instances))
        {
            return;
        }

        foreach (Instance instance in instances.ToList())
        {
            foreach (Subscription subscription in instance.Subscriptions.ToList())
            {
                Detach(subscription);
            }

            bool held = instance.HoldsSince is not null;
            LeaveConnection(instance, closed.Connection);
            instance.LastSeen = _now.Utc;
            if (instance.Outstanding.Count == 0 && !instance.Enrolled && instance.Work != LeafWork.Committing)
            {
                Vanish(instance);
            }
            else
            {
                if (!held)
                {
                    foreach (Instance other in _byKey[instance.Key].Where(other => other != instance))
                    {
                        other.KinVanishedAt = _now.Up;
                    }
                }

                Attend(instance);
                SetSuccessionTimers(instance.Key);
            }
        }
    }

    /// <summary>Nothing durable is known of it, but bundle bytes may be stored in it: the next of its key is not fresh.</summary>
    private void Vanish(Instance instance)
    {
        _vanished.Add(instance.Key);
        Forget(instance);
        foreach (Instance other in _byKey.GetValueOrDefault(instance.Key) ?? [])
        {
            other.KinVanishedAt = _now.Up;
            MayHaveBeen(other, instance);
        }

        SetSuccessionTimers(instance.Key);
    }

    private void OnDeparted(ProcessDeparted departed)
    {
        foreach (Instance instance in _instances.Walk().Where(instance => instance.Key.Peer == departed.Peer).ToList())
        {
            _effects.Add(new Noted(instance.Id, "its process has ended"));
            End(instance);
        }
    }

    private void JoinConnection(Instance instance, SubscriptionOpened opened)
    {
        long connection = opened.Connection;
        instance.Connection = connection;
        instance.MetRoot = opened.ServedUnder;
        instance.AwaySince = null;
        if (!_byConnection.TryGetValue(connection, out List<Instance>? instances))
        {
            _byConnection[connection] = instances = [];
        }

        instances.Add(instance);
        BringTogether(instance);
    }

    /// <summary>
    /// An older connection of the same key is dead, or another process's, or this very process's: a connection that drains takes no new
    /// streams, and keeps those it has. A process in two halves could never be complete, so whoever is there opens its streams anew.
    /// </summary>
    private void BringTogether(Instance instance)
    {
        foreach (Instance other in _byKey[instance.Key])
        {
            KinLookedAt++;
            if (other != instance && other.Connection != instance.Connection)
            {
                foreach (Subscription subscription in other.Subscriptions)
                {
                    if (subscription is { Kind: SecretKind.Bundle, InFlight: not null })
                    {
                        // It may be the process that comes now, have refused this, and be unable to say so: its link may have died unnoticed.
                        _dirty.Add(instance.Key);
                    }

                    Displace(subscription);
                }

                MayHaveBeen(instance, other);
            }
        }
    }

    // A source that was back under another name of its process, and is lost again, has all its time to come back once more.
    private void MayHaveBeen(Instance instance, Instance other)
    {
        instance.Bundles.WasBack(other.Bundles, _now.Up);
        instance.Leaves.WasBack(other.Leaves, _now.Up);
    }

    private void Displace(Subscription subscription)
    {
        if (!subscription.Displaced)
        {
            subscription.Displaced = true;
            _effects.Add(new EndStream(subscription.Id));
        }
    }

    private void LeaveConnection(Instance instance, long connection)
    {
        instance.Connection = null;
        instance.AwaySince = _now.Up;
        instance.HoldsSince = null;
        if (_byConnection.TryGetValue(connection, out List<Instance>? instances) && instances.Remove(instance) && instances.Count == 0)
        {
            _byConnection.Remove(connection);
        }
    }
}
