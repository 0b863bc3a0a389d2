using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>
/// Session ticket keys, for those who let Envoy resume sessions: a resumed session skips the check of its certificate, so the keys
/// change when a root goes (envoy-side: 1.36 and 1.38 resumed under a dropped root). They are evidence of nothing.
/// </summary>
public sealed partial class TrustDomainEngine
{
    private readonly TicketKeys _ticketKeys;
    private TimeSpan _ticketsSince;

    private void RenewTicketKeys()
    {
        if (_now.Up >= _ticketsSince + _policy.TicketKeyLife)
        {
            _ticketsSince = _now.Up;
            _ticketKeys.Renew();
            OfferAllTicketKeys();
        }
    }

    private void ReplaceTicketKeys()
    {
        _ticketsSince = _now.Up;
        _ticketKeys.Replace();
    }

    private void OfferAllTicketKeys()
    {
        foreach (Instance instance in _instances.Walk().Where(instance => instance.Tickets.Live.Count > 0).ToList())
        {
            Attend(instance);
        }
    }

    // Behind bundle and leaf: Envoy judges a context as a whole, and only these two must not wait.
    private void OfferTicketKeys(Instance instance)
    {
        if (instance.Tickets.Live.Count == 0 || !HasLeftDropped(instance) || instance.Bundles.Live.Concat(instance.Leaves.Live).Any(static subscription => subscription.Busy))
        {
            return;
        }

        long before = _lastDelivery;
        foreach (Subscription subscription in instance.Tickets.Live)
        {
            bool due = subscription.RetryAt is { } retryAt ? _now.Up >= retryAt : subscription.OfferedEpoch < _ticketKeys.Generation;
            if (due && !subscription.Busy && !IsStreamTaken(subscription, before))
            {
                if (MayBeAway(instance))
                {
                    return;
                }

                subscription.RetryAt = null;
                subscription.OfferedEpoch = _ticketKeys.Generation;
                Offer(subscription, _ticketKeys.Of(instance.Key.SpiffeId));
            }
        }
    }

    /// <summary>
    /// It enforces no root that was dropped, as far as evidence shows: with the new keys it would else make tickets for sessions that it has
    /// accepted under such a root, and everybody of its identity would resume them. Nobody can say that of one that takes no bundle from here. Whoever
    /// has come back may only have opened its other streams later, also under a name that knows of none, and was taken for new until it said what it holds;
    /// that this stream reports nothing says only that no keys came before.
    /// </summary>
    private bool HasLeftDropped(Instance instance)
    {
        long dropped = _state.LastDrop;
        return dropped == 0
            || (instance.Bundles.Slots == 0 && _now.Up >= SettledAt(instance, instance.Tickets))
            || (instance.Lo >= dropped && (instance.Settled || IsQuiet(instance, instance.Bundles)))
            || (instance.Bundles.Complete && instance.Bundles.Live.TrueForAll(subscription => subscription.Proven >= dropped) && IsQuiet(instance, instance.Bundles));
    }

    /// <summary>
    /// It may be the very process of its key that is away and enforces a dropped root: by its quicker sources, under a name that knows nothing of
    /// the others. Until that one is back, or gone, it keeps the keys it has; G4 waits for as long. One that shows nothing of before
    /// waits for a backoff only: it has none, and else its listeners would wait for W when it is started again.
    /// </summary>
    private bool MayBeAway(Instance instance)
    {
        if (_state.LastDrop == 0 || (instance.OldestShown == long.MaxValue && _now.Up >= SettledAt(instance, instance.Bundles)))
        {
            return false;
        }

        foreach (Instance other in _byKey[instance.Key])
        {
            KinLookedAt++;
            if (other != instance && !other.Connected && other.Lo < _state.LastDrop)
            {
                return true;
            }
        }

        return false;
    }

    // What kept keys from them may be over.
    private void LookAtWhoMayBe(InstanceKey key)
    {
        if (_state.LastDrop > 0 && _byKey.TryGetValue(key, out List<Instance>? same))
        {
            same.FindAll(static other => other.Tickets.Live.Count > 0).ForEach(other => SetTimer(other, _now.Up));
        }
    }
}
