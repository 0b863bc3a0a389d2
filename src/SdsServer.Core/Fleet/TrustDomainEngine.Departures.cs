using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>When a process, or what it may present, counts no more.</summary>
public sealed partial class TrustDomainEngine
{
    /// <summary>
    /// A process that has been away for W, while a newer one of its key has held an accepted leaf for W, is gone (rule E1). Not while
    /// somebody of its key is connected without one, or was within W: a process that has refused its leaf comes back looking new.
    /// </summary>
    private bool IsSucceeded(Instance instance) => SucceededAt(instance) is { } at && _now.Up >= at;

    private TimeSpan? SucceededAt(Instance instance)
    {
        if (_policy.StrictAbsence || IsLeftBehind(instance) || instance.AwaySince is null || !_byKey.TryGetValue(instance.Key, out List<Instance>? same)
            || SuccessorsHoldSince(same) is not { } holds || !same.SkipWhile(other => other != instance).Any(newer => newer.Connected))
        {
            return null;
        }

        return SucceededAt(instance, holds);
    }

    private TimeSpan SucceededAt(Instance away, TimeSpan holds)
    {
        TimeSpan latest = away.KinVanishedAt > away.AwaySince ? away.KinVanishedAt.Value : away.AwaySince!.Value;
        return (holds > latest ? holds : latest) + _policy.SuccessionWindow;
    }

    /// <summary>Since when all of a key that are connected have held an accepted leaf; null: not all have, or nobody is connected.</summary>
    private TimeSpan? SuccessorsHoldSince(List<Instance> same)
    {
        TimeSpan? latest = null;
        foreach (Instance other in same)
        {
            KinLookedAt++;
            if (other.Connected)
            {
                if (other.HoldsSince is not { } holds)
                {
                    return null;
                }

                latest = latest > holds ? latest : holds;
            }
        }

        return latest;
    }

    /// <summary>
    /// Looks at the processes of a key again when one of them may have been succeeded. All at once: each by itself would look at all the
    /// others, and a caller can have many processes of one key.
    /// </summary>
    private void SetSuccessionTimers(InstanceKey key)
    {
        if (_policy.StrictAbsence || !_byKey.TryGetValue(key, out List<Instance>? same) || SuccessorsHoldSince(same) is not { } holds)
        {
            return;
        }

        bool succeeded = false;
        for (int i = same.Count - 1; i >= 0; i--)
        {
            succeeded |= same[i].Connected;
            if (succeeded && same[i].AwaySince is not null)
            {
                SetTimer(same[i], SucceededAt(same[i], holds));
            }
        }
    }

    /// <summary>Ends an instance whose leaves nobody can present any more.</summary>
    private void End(Instance instance)
    {
        foreach (Subscription subscription in instance.Subscriptions.ToList())
        {
            Detach(subscription);
        }

        foreach (OutstandingLeaf leaf in instance.Outstanding.Values.ToList())
        {
            RemoveOutstanding(instance, leaf);
            _effects.Add(new SetLeafState(leaf.Row.Serial, LeafState.Superseded));
        }

        Unenrol(instance);
        Forget(instance);
    }

    private void Unenrol(Instance instance)
    {
        if (instance.Enrolled)
        {
            instance.Rostered = false;
            instance.RosterPending = 0;
            _effects.Add(new RemoveRoster(instance.Id));
        }
    }

    /// <summary>
    /// Whoever came under its key just before may be the same process, by a source that is new: the others have not had their time to come
    /// back, also where it has gone again before. And where it was away for less than W, one of its slots may still be on the way, whether it is there now or not.
    /// </summary>
    private void DoubtNewcomers(Instance expired)
    {
        bool mayBeBack = _now.Up < expired.AwaySince + _policy.SuccessionWindow;
        foreach (Instance newer in _byKey[expired.Key].Where(other => other != expired).ToList())
        {
            bool isYoung = OwesBundle(newer) || (!newer.Settled && (newer.Connected
                ? _now.Up < SettledAt(newer, newer.Bundles) || _now.Up < SettledAt(newer, newer.Leaves)
                : TakesSlotsOf(expired, newer) || newer.Lo > expired.Lo));
            if (isYoung || (mayBeBack && TakesSlotsOf(expired, newer)))
            {
                NotFresh(newer);
                TakesSlotsOf(expired, newer);
                newer.Lo = Math.Min(newer.Lo, expired.Lo);
                Attend(newer);
            }
        }
    }

    /// <summary>
    /// Whoever is, or was, connected under its key may be its process, come back while the old link seemed alive, and was taken for fresh because
    /// this one counted for what it might hide. An operator who retires the old name need not know: from now on its own proof counts.
    /// </summary>
    private void DoubtKin(Instance retired)
    {
        if (retired.CountedAt is not { } counted)
        {
            return;
        }

        foreach (Instance other in _byKey[retired.Key].Where(other => other != retired).ToList())
        {
            if (!_policy.StrictAbsence || other.Outstanding.Count > 0)
            {
                TakesSlotsOf(retired, other);
            }

            NotFresh(other);
            other.Lo = Math.Min(other.Lo, counted);
            Attend(other);
        }
    }

    // Under strict absence nothing that counts is given up: a twin that misses what was never its own holds a plan until its leaf has run out.
    private bool TakesSlotsOf(Instance expired, Instance newer) => TakeSlots(newer, expired.Bundles.Slots, expired.Leaves.Slots);

    private bool TakeSlots(Instance instance, int bundles, int leaves)
    {
        if (instance.Bundles.Slots >= bundles && instance.Leaves.Slots >= leaves)
        {
            return false;
        }

        instance.Bundles.RaiseTo(bundles, _now.Up);
        instance.Leaves.RaiseTo(leaves, _now.Up);
        if (instance.Outstanding.Count > 0 || instance.Rostered)
        {
            SaveSlots(instance);
        }

        return true;
    }

    private void Forget(Instance instance)
    {
        if (instance.Connection is { } connection)
        {
            LeaveConnection(instance, connection);
        }

        instance.Ended = true;
        _instances.Remove(instance.Id);
        if (_byKey.TryGetValue(instance.Key, out List<Instance>? same) && same.Remove(instance) && same.Count == 0)
        {
            _byKey.Remove(instance.Key);
        }

        LookAtWhoMayBe(instance.Key);

        _held.Remove(instance);
        _newer.Remove(instance);
        _unanchored.Remove(instance);
        Tally(instance);
        NoticeAway(instance);
        if (instance.Work == LeafWork.Committing)
        {
            // Its row may be durable already: it counts until the ledger has answered, unless it was passed over.
            long? at = instance.OverruledBelow == 0 ? instance.Lo : null;
            _members.Move(instance.CountedAt, at);
            instance.CountedAt = at;
            _refusing.Remove(instance);
            return;
        }

        Count(instance);
    }

    private void ExpireLeaves()
    {
        while (_expiries.TryPeek(out string? serial, out DateTimeOffset due) && due < _clock.Judged)
        {
            _expiries.Dequeue();
            if (_exported.Remove(serial, out LedgerRow? exported))
            {
                _needs.Remove(exported.Anchors, exported.AuthorityId);
                _expired.Add(serial);
            }
            else if (_overruled.Remove(serial, out Instance? passed))
            {
                if (passed is { Ended: false, Connected: false, Outstanding.Count: 0, Enrolled: false, Work: not LeafWork.Committing })
                {
                    RememberSlots(passed.Key, passed.Bundles.Slots, passed.Leaves.Slots, due);
                    Forget(passed);
                }
            }
            else if (_leafOwners.TryGetValue(serial, out Instance? owner))
            {
                RemoveOutstanding(owner, owner.Outstanding[serial]);
                _expired.Add(serial);
                RememberSlots(owner.Key, owner.Bundles.Slots, owner.Leaves.Slots, due);
                if (owner.Outstanding.Count == 0 && !owner.Enrolled && owner.CountedAt is not null)
                {
                    DoubtNewcomers(owner);
                }

                if (!owner.Connected && owner.Outstanding.Count == 0 && !owner.Enrolled && owner.Work != LeafWork.Committing)
                {
                    Forget(owner);
                }
                else
                {
                    Attend(owner);
                }
            }
        }
    }
}
