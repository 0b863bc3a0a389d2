using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>What is sent to a process, and what its answers prove (rule E7).</summary>
public sealed partial class TrustDomainEngine
{
    /// <summary>
    /// Looks at one instance as a whole: what its evidence says now, what is due to it, and when to look again. Everything that
    /// happens to an instance ends here, so there is one place where its state is judged.
    /// </summary>
    private void Attend(Instance instance)
    {
        if (instance.Ended)
        {
            return;
        }

        if (IsSucceeded(instance))
        {
            _effects.Add(new Noted(instance.Id, $"taken as gone: away for {_policy.SuccessionWindow}, and a newer process of the same key holds a leaf"));
            End(instance);
            return;
        }

        instance.Bundles.Observe(instance.Connected, _now.Up);
        instance.Leaves.Observe(instance.Connected, _now.Up);
        // Under strict absence nothing that counts is given up; but a newcomer that inherited more slots than it has would wait for ever.
        if (!_policy.StrictAbsence || instance.CountedAt is null)
        {
            GiveUpSlots(instance.Bundles);
            GiveUpSlots(instance.Leaves);
        }

        TimeOut(instance.Bundles);
        TimeOut(instance.Leaves);
        TimeOut(instance.Tickets);
        RaiseLo(instance);
        Supersede(instance);
        Demote(instance);
        Count(instance);
        Enrol(instance);
        if (instance.Connected)
        {
            // One that refuses, or has not answered, on a source that came later may be the very process that seems away.
            if (instance.BundleRefused || (instance.Enrolled ? instance.Bundles.Live.Exists(static subscription => subscription.Proven == 0) : OwesBundle(instance)))
            {
                instance.HoldsSince = null;
            }
            else if (instance.Enrolled || instance.Leaves.Live.Exists(static subscription => subscription.AckedLeaf > 0))
            {
                StartHolding(instance);
            }
        }

        if (HoldsNewer(instance))
        {
            instance.HeldBecause = $"it holds the bundle of epoch {instance.NewerEpoch}, newer than this store knows";
        }
        else if (_begun)
        {
            OfferBundles(instance);
            ConsiderLeaf(instance);
            OfferTicketKeys(instance);
            Probe(instance);
        }

        Tally(instance);
        NoticeAway(instance);
        SetTimer(instance);
    }

    private void TimeOut(SlotSet slots)
    {
        foreach (Subscription subscription in slots.Live)
        {
            subscription.TimedOut |= subscription.InFlight is not null && _now.Up >= subscription.InFlightSince + _policy.AckTimeout;
        }
    }

    private void GiveUpSlots(SlotSet slots)
    {
        if (slots.MissingUntil(_policy.SuccessionWindow) is { } until && _now.Up >= until)
        {
            slots.GiveUpMissing(_policy.SuccessionWindow, _now.Up);
        }
    }

    /// <summary>A consumer that takes no leaf is put on the roster once it has proven the bundle: no expiry will end it.</summary>
    private void Enrol(Instance instance)
    {
        if (!instance.Workload.BundleOnly && instance.Leaves.Live.Exists(static subscription => subscription.AckedLeaf > 0))
        {
            // It takes leaves by now, whose expiry ends it.
            Unenrol(instance);
        }

        if (instance.Workload.BundleOnly && !instance.Enrolled && instance.CountedAt is not null)
        {
            instance.RosterPending = instance.Bundles.Slots;
            _effects.Add(new WriteRoster(new RosterEntry(instance.Id, instance.Key, instance.Bundles.Slots)));
        }
    }

    private void OfferBundles(Instance instance)
    {
        // Bundle and leaf of one proxy are never both in flight: Envoy judges the context as a whole, and a NACK does not say whose fault it is.
        if (instance.Leaves.Live.Exists(static subscription => subscription.Busy))
        {
            return;
        }

        long before = _lastDelivery;
        foreach (Subscription subscription in instance.Bundles.Live)
        {
            if (!IsBundleDue(subscription) || IsStreamTaken(subscription, before))
            {
                continue;
            }

            bool own = (instance.CountedAt is null && subscription.OfferedEpoch == 0) || _dirty.Contains(instance.Key) || subscription.Repush || MayHaveRefused(subscription);
            BundlePayload payload = own ? _seams.EncodeBundle(_state, _seams.RandomHex(16)) : _shared;
            subscription.OfferedEpoch = _state.Epoch;
            subscription.InFlightProves = own || _sharedProves;
            subscription.RetryAt = null;
            subscription.Repush = false;
            Offer(subscription, payload);
        }
    }

    // What an earlier term has sent, and was refused, nobody remembers; whoever reports these very bytes, and no others, has accepted them.
    private bool MayHaveRefused(Subscription subscription) =>
        !_sharedProves && (subscription.IsVersionJoint || !SecretVersion.Names(subscription.ReportedVersion, _shared.For(subscription.Instance.Workload.Peers).Version));

    private bool IsBundleDue(Subscription subscription)
    {
        if (subscription.AwaitsLedger || subscription.Busy)
        {
            return false;
        }

        if (subscription.RetryAt is { } retryAt)
        {
            return _now.Up >= retryAt;
        }

        return subscription.OfferedEpoch < _state.Epoch || subscription.Repush;
    }

    /// <summary>
    /// A response on this stream is waited for: one more would displace it. What was offered after <paramref name="before"/> goes out together.
    /// </summary>
    private static bool IsStreamTaken(Subscription subscription, long before) =>
        OnSameStream(subscription).Any(other => other != subscription && other.Busy && other.InFlight!.Id <= before);

    private static IEnumerable<Subscription> OnSameStream(Subscription subscription) =>
        subscription.Instance.Subscriptions.Where(other => other.Stream == subscription.Stream);

    private void Offer(Subscription subscription, SecretPayload payload)
    {
        CheckOffered(subscription, payload);
        bool replaces = OnSameStream(subscription).Any(static other => other.InFlight is not null);
        Lose(subscription);
        subscription.OfferedLeaf = (payload as LeafPayload)?.Serial;
        Delivery delivery = new(++_lastDelivery, subscription.Id, payload, replaces);
        subscription.InFlight = delivery;
        subscription.InFlightSince = _now.Up;
        subscription.TimedOut = false;
        _effects.Add(new Deliver(delivery));
    }

    private void OnAcked(DeliveryAcked acked)
    {
        if (!_subscriptions.TryGetValue(acked.Subscription, out Subscription? subscription) || subscription.InFlight?.Id != acked.Delivery)
        {
            return;
        }

        Instance instance = subscription.Instance;
        instance.LastSeen = _now.Utc;
        SecretPayload? payload = subscription.InFlight.Payload;
        subscription.Held = acked.Delivery;
        subscription.InFlight = null;
        subscription.TimedOut = false;
        if (payload is BundlePayload bundle)
        {
            subscription.Refused = false;
            subscription.HasAccepted = true;
            instance.BundleRefused = instance.Bundles.Live.Exists(static other => other.Refused);
            if (subscription.InFlightProves)
            {
                subscription.Proven = Math.Max(subscription.Proven, bundle.Epoch);
            }

            if (instance.LeafRefused)
            {
                // The refused leaf may come alive with this bundle: fresh bytes at once (envoy-side: bytes are stored before they are applied).
                instance.LeafNotBefore = _now.Up;
            }
        }
        else if (payload is LeafPayload leaf)
        {
            OnLeafAccepted(instance, subscription, leaf.Serial);
        }

        if (!instance.HasOpenRefusal)
        {
            _refusals.Remove(instance.Key);
        }

        Attend(instance);
    }

    private void OnLeafAccepted(Instance instance, Subscription subscription, string serial)
    {
        if (!instance.Outstanding.TryGetValue(serial, out OutstandingLeaf? accepted))
        {
            return;
        }

        subscription.AckedLeaf = accepted.Order;
        accepted.WasAccepted = true;
        instance.Unanswered = null;
        subscription.Refused = false;
        instance.LeafRefused = instance.Leaves.Live.Exists(static other => other.Refused);
        instance.LeafRefusals = instance.LeafRefused ? instance.LeafRefusals : 0;
        StartHolding(instance);
        if (accepted.State == LeafState.Issued)
        {
            accepted.State = LeafState.Acked;
            _effects.Add(new SetLeafState(serial, LeafState.Acked));
        }

        foreach (Subscription sibling in instance.Bundles.Live.Where(other => other.RetryAt is not null))
        {
            sibling.RetryAt = _now.Up;
        }
    }

    private void StartHolding(Instance instance)
    {
        if (instance.HoldsSince is null)
        {
            instance.HoldsSince = _now.Up;
            SetSuccessionTimers(instance.Key);
        }
    }

    private void OnNacked(DeliveryNacked nacked)
    {
        if (!_subscriptions.TryGetValue(nacked.Subscription, out Subscription? subscription) || (subscription.InFlight?.Id ?? subscription.Held) != nacked.Delivery)
        {
            return;
        }

        Instance instance = subscription.Instance;
        instance.LastSeen = _now.Utc;
        subscription.InFlight = null;
        subscription.TimedOut = false;
        subscription.Refused = true;
        if (subscription.Kind != SecretKind.TicketKeys)
        {
            // Tickets keep no gate shut, and must not stand for what does.
            instance.LastNack = new NackReport(subscription.Name, nacked.Error, _now.Utc);
        }

        TimeSpan retry = _now.Up + Backoff(instance.Key);
        if (subscription.Kind == SecretKind.Bundle)
        {
            _dirty.Add(instance.Key);
            instance.BundleRefused = true;
            subscription.RetryAt = retry;
        }
        else if (subscription.Kind == SecretKind.TicketKeys)
        {
            subscription.RetryAt = retry;
        }
        else
        {
            instance.LeafRefused = true;
            instance.Unanswered = null;
            instance.LeafNotBefore = retry;
            if (subscription.OfferedLeaf is { } serial && instance.Outstanding.TryGetValue(serial, out OutstandingLeaf? leaf))
            {
                // One leaf is refused by each source that takes it.
                instance.LeafRefusals += instance.BundleRefused || leaf.State == LeafState.Nacked ? 0 : 1;
                leaf.State = LeafState.Nacked;
                _effects.Add(new SetLeafState(serial, LeafState.Nacked));
            }
        }

        _effects.Add(new Noted(instance.Id, $"refused {subscription.Name}: {nacked.Error}"));
        Attend(instance);
    }

    /// <summary>Fresh bytes follow, but not before what has displaced it had its time: else the two would displace each other without end.</summary>
    private void OnDisplaced(DeliveryDisplaced displaced)
    {
        if (!_subscriptions.TryGetValue(displaced.Subscription, out Subscription? subscription) || subscription.InFlight?.Id != displaced.Delivery)
        {
            return;
        }

        Lose(subscription);
        subscription.TimedOut = false;
        // What it had proven before stays proven: the same roots in other bytes need no answer.
        bool owes = subscription.Kind == SecretKind.TicketKeys || (subscription.Kind == SecretKind.Bundle && subscription.Proven < subscription.OfferedEpoch);
        subscription.RetryAt = owes ? _now.Up + _policy.AckTimeout : null;
        subscription.Instance.LeafNotBefore = subscription.Kind == SecretKind.Leaf ? _now.Up + _policy.AckTimeout : subscription.Instance.LeafNotBefore;
        Attend(subscription.Instance);
    }

    private TimeSpan Backoff(InstanceKey key)
    {
        int refusals = _refusals.GetValueOrDefault(key) + 1;
        if (_refusals.Count < MaxKeys || refusals > 1)
        {
            _refusals[key] = refusals;
        }

        double factor = Math.Pow(2, Math.Min(refusals - 1, 20));
        TimeSpan wait = _policy.NackBackoff * factor;
        return wait < _policy.MaxNackBackoff ? wait : _policy.MaxNackBackoff;
    }

    /// <summary>When this instance must be looked at again even if nothing happens.</summary>
    private void SetTimer(Instance instance)
    {
        TimeSpan? next = null;
        void At(TimeSpan? when)
        {
            if (when is { } time && time > _now.Up)
            {
                next = Earlier(next, time);
            }
        }

        if (!instance.Fresh || instance.Tickets.Live.Count > 0)
        {
            At(SettledAt(instance, instance.Bundles));
            At(SettledAt(instance, instance.Leaves));
        }

        At(SettledAt(instance, instance.Tickets));

        At(instance.Bundles.MissingUntil(_policy.SuccessionWindow));
        At(instance.Leaves.MissingUntil(_policy.SuccessionWindow));
        At(SucceededAt(instance));
        At(instance.LeafNotBefore);
        At(instance.ReconnectDue);
        At(instance.ProbeAt);
        At(StuckAt(instance));
        At(instance.AwaySince + TimeToReturn(instance));
        if (instance.Standing == WaveStanding.Left)
        {
            At(LeftAt(instance) + LongestAnswer);
        }

        At(instance.Unshown?.Since + _policy.QuarantineAfter);
        At(instance.Unanswered?.Since + _policy.QuarantineAfter);
        if (instance.HasOpenRefusal)
        {
            At(instance.RefusingSince + _policy.QuarantineAfter);
        }

        if (instance.Lo < _state.Epoch)
        {
            At(_epochSince + _policy.AckTimeout);
        }

        void AtAnswers(SlotSet slots)
        {
            foreach (Subscription subscription in slots.Live)
            {
                At(subscription.InFlight is null ? subscription.RetryAt : subscription.InFlightSince + _policy.AckTimeout);
            }
        }

        AtAnswers(instance.Bundles);
        AtAnswers(instance.Leaves);
        AtAnswers(instance.Tickets);
        if ((instance.Newest ?? Youngest(instance)) is { } newest && instance.Leaves.Live.Count > 0)
        {
            At(_now.Up + (newest.RenewAt - _clock.Latest));
            At(_now.Up + (ExpiringAt(newest) - _clock.Latest));
        }

        if (next is { } at)
        {
            SetTimer(instance, at);
        }
    }

    private void SetTimer(Instance instance, TimeSpan at)
    {
        if (instance.TimerAt is not { } set || at < set)
        {
            instance.TimerAt = at;
            _timers.Enqueue(instance, at);
        }
    }
}
