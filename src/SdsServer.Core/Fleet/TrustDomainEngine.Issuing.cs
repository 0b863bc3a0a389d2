using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>Who gets a leaf, when, and by which steps: sign, ledger, send.</summary>
public sealed partial class TrustDomainEngine
{
    private static readonly TimeSpan SignerRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SignerPause = TimeSpan.FromMinutes(1);

    // It ends after the pause: whoever is in need has asked again by then, and no gate opens in between.
    private static readonly TimeSpan SignerDoubt = SignerPause * 2;

    // Of the budget; what one identity asks beyond it waits for everybody else.
    private const double ShareOfIdentity = 0.1;

    private readonly IssuingQueue _due;

    // Apart from the others, because the limit of a wave must hold up nobody else.
    private readonly PriorityQueue<(Instance Instance, long Entry), long> _dueMoves = new();
    private readonly IssuingBudget _budget;
    private readonly Dictionary<long, (Instance Instance, SignedLeaf? Leaf, LedgerRow? Row)> _tickets = [];
    private long _lastTicket;
    private long _lastEntry;
    private readonly Dictionary<string, (string Text, TimeSpan Until)> _signerProblems = [];
    private string? _ledgerProblem;

    private void ConsiderLeaf(Instance instance)
    {
        _held.Remove(instance);
        instance.HeldBecause = null;
        if (instance.Workload.BundleOnly || instance.Leaves.Live.Count == 0 || instance.Work is LeafWork.Signing or LeafWork.Committing)
        {
            return;
        }

        if (DueLeaf(instance) is not { } due)
        {
            instance.QueueEntry = 0;
            instance.Work = LeafWork.None;
            OfferLeaf(instance);
            return;
        }

        if ((WhyHeld(instance) ?? WhyTooMany(instance, due)) is { } held)
        {
            instance.HeldBecause = held;
            instance.QueueEntry = 0;
            instance.Work = LeafWork.None;
            _held.Add(instance);
            OfferLeaf(instance);
            return;
        }

        if (instance.Work == LeafWork.None || instance.QueuedAs != due)
        {
            // Queued already, it may have become more pressing: the older entry is void.
            instance.Work = LeafWork.Queued;
            instance.QueuedAs = due;
            instance.QueueEntry = ++_lastEntry;
            if (due == LeafClass.Rotation)
            {
                _dueMoves.Enqueue((instance, instance.QueueEntry), instance.QueueEntry);
            }
            else
            {
                _due.Add(instance, due, instance.QueueEntry, _now.Up);
            }
        }

        if (due is LeafClass.Rotation or LeafClass.Renewal)
        {
            // It may wait for its turn as long as a hold lasts: a stream that has come since gets what there is.
            OfferLeaf(instance);
        }
    }

    /// <summary>Why a new leaf is due to it now, or null.</summary>
    private LeafClass? DueLeaf(Instance instance)
    {
        if (_now.Up < instance.LeafNotBefore)
        {
            return null;
        }

        OutstandingLeaf? newest = instance.Newest;
        if (newest is null)
        {
            if (instance.Outstanding.Count == 0)
            {
                return LeafClass.Joining;
            }

            // It holds a leaf of an earlier term, which nobody can send again: a new one, spread over time, sooner where life runs out, also that
            // of the leaf it is known to use while a younger one may have been lost with the server.
            OutstandingLeaf held = Youngest(instance)!;
            return IsExpiring(held) || IsLeft(instance) ? LeafClass.Expiring
                : held.Row.AuthorityId != SignerOf(instance) ? LeafClass.Rotation
                : _now.Up >= instance.ReconnectDue ? LeafClass.Reconnect : null;
        }

        if (newest.State == LeafState.Nacked || newest.Lost || instance.WantsLeaf)
        {
            return LeafClass.Retry;
        }

        if (IsExpiring(newest))
        {
            return LeafClass.Expiring;
        }

        // Also where it moves it: what a wave waits for, or whoever asks without end, must not delay it.
        return _clock.Latest >= newest.RenewAt || IsTooLong(newest) ? LeafClass.Renewal
            : newest.Row.AuthorityId != SignerOf(instance) ? LeafClass.Rotation
            : null;
    }

    // A plan that squeezes lifetimes replaces what lives on beyond them (rule E6).
    private bool IsTooLong(OutstandingLeaf leaf) =>
        _state.Plan?.Policy.LeafLifetime is { } longest && leaf.Row.NotAfter - _clock.Latest > longest + _policy.MaxSkew;

    private static OutstandingLeaf? Youngest(Instance instance) => instance.Outstanding.Values.MaxBy(static leaf => leaf.Order);

    private bool IsExpiring(OutstandingLeaf leaf) => _clock.Latest >= ExpiringAt(leaf);

    // By default at a fifth of its life before the end.
    private static DateTimeOffset ExpiringAt(OutstandingLeaf leaf) => leaf.RenewAt + ((leaf.Row.NotAfter - leaf.RenewAt) * 0.6);

    /// <summary>A leaf goes to a proxy at or above the floor, from a root that everyone trusts: else whoever it meets may refuse it.</summary>
    private string? WhyHeld(Instance instance)
    {
        if (!IsMember(instance))
        {
            return instance.Bundles.Live.Count == 0
                ? "it has no subscription to the trust bundle, so nobody can know what it trusts"
                : "it has not proven yet that it enforces the trust bundle";
        }

        if (!Vouches(_state.RootOf(SignerOf(instance)).Id))
        {
            return "not every member enforces the signer's root yet";
        }

        return IsQuarantined(instance) ? "it holds up the rotation and is left to age out" : null;
    }

    private string? WhyTooMany(Instance instance, LeafClass due)
    {
        if (due is not (LeafClass.Joining or LeafClass.Retry) || _leavesOfIdentity.GetValueOrDefault(instance.Key.SpiffeId) < _policy.LeavesPerIdentity)
        {
            return null;
        }

        instance.LeafNotBefore = _now.Up + _policy.AckTimeout;
        return $"{_policy.LeavesPerIdentity} leaves of its identity are valid, which is all it may have";
    }

    // Whoever keeps a gate shut, by what it has not proven, refuses or leaves unanswered, gets nothing that would let it do so for ever (rule E6).
    private bool IsQuarantined(Instance instance)
    {
        if (_state.Plan is not { } plan)
        {
            return false;
        }

        if (_now.Up < instance.PardonedAt + _policy.QuarantineAfter)
        {
            return false;
        }

        bool heeded = plan is { Goal: RotationGoal.Forward, Kind: not RotationKind.Emergency };
        return (instance.Lo < _state.Epoch && _now.Up >= _epochSince + _policy.QuarantineAfter)
            || (heeded && instance.HasOpenRefusal && _now.Up >= instance.RefusingSince + _policy.QuarantineAfter)
            || (heeded && _state.Signer != plan.To && instance.Unanswered is { } owed && owed.Plan == plan.Id && _now.Up >= owed.Since + _policy.QuarantineAfter);
    }

    /// <summary>Begins what the budget allows, the most pressing first; leaves of a wave only as its limit allows.</summary>
    private void RunIssuing()
    {
        _budget.Refill(_now.Up, _state.Plan is { Kind: RotationKind.Emergency } ? 4 : 1);
        NoticeStop();
        while (_begun && _tickets.Count < _policy.IssuesInFlight && _budget.Left && NextDue() is { } instance)
        {
            _budget.Take();
            instance.Work = LeafWork.Signing;
            instance.QueueEntry = 0;
            instance.SigningAuthority = SignerOf(instance);
            instance.WantsLeaf = false;
            _tickets.Add(++_lastTicket, (instance, null, null));
            _effects.Add(new SignLeaf(_lastTicket, instance.SigningAuthority, instance.Workload, _clock.Judged, _clock.Latest, _state.Plan?.Policy.LeafLifetime));
            Tally(instance);
        }
    }

    private Instance? NextDue()
    {
        while (_dueMoves.TryPeek(out (Instance Instance, long Entry) next, out _) && (next.Instance.Ended || next.Instance.QueueEntry != next.Entry))
        {
            _dueMoves.Dequeue();
        }

        return _dueMoves.Count > 0 && !(_due.Next(_now.Up) < LeafClass.Rotation) && MayMoveOneMore() ? _dueMoves.Dequeue().Instance : _due.Take(_now.Up);
    }

    private void OnSigned(LeafSigned signed)
    {
        if (!_tickets.Remove(signed.Ticket, out (Instance Instance, SignedLeaf? Leaf, LedgerRow? Row) ticket))
        {
            return;
        }

        Instance instance = ticket.Instance;
        instance.Work = LeafWork.None;
        if (instance.Ended)
        {
            return;
        }

        if (instance.SigningAuthority != SignerOf(instance) || WhyHeld(instance) is not null || instance.Leaves.Live.Count == 0)
        {
            Attend(instance);
            return;
        }

        // WhyHeld has found the signer's root safe, so a leaf that ends there is.
        if (!signed.Leaf.Anchors.Contains(_state.RootOf(instance.SigningAuthority).Id))
        {
            SignerFailed(instance, $"authority '{instance.SigningAuthority}' returned a leaf that ends at {Describe(signed.Leaf.Anchors)}, not at its own root");
            return;
        }

        _signerProblems.Remove(instance.SigningAuthority);

        LedgerRow row = new()
        {
            Serial = signed.Leaf.Payload.Serial,
            InstanceId = instance.Id,
            Key = instance.Key,
            BundleSlots = instance.Bundles.Slots,
            LeafSlots = instance.Leaves.Slots,
            AuthorityId = instance.SigningAuthority,
            Anchors = signed.Leaf.Anchors,
            NotBefore = signed.Leaf.NotBefore,
            NotAfter = signed.Leaf.NotAfter,
        };
        instance.Work = LeafWork.Committing;
        _tickets.Add(signed.Ticket, (instance, signed.Leaf, row));
        _needs.Add(row.Anchors, row.AuthorityId);
        Count(instance);
        _effects.Add(new WriteLedger(signed.Ticket, new LedgerInsert(row, _state.SignerRevision)));
    }

    private void OnSignFailed(LeafSignFailed failed)
    {
        if (_tickets.Remove(failed.Ticket, out (Instance Instance, SignedLeaf? Leaf, LedgerRow? Row) ticket))
        {
            ticket.Instance.Work = LeafWork.None;
            SignerFailed(ticket.Instance, failed.Error);
        }
    }

    /// <summary>Why this authority cannot sign, and until when that is believed at least; null: nothing is known against it. What it is asked for now may fail again.</summary>
    private (string Text, TimeSpan Until)? ProblemOf(string authorityId) =>
        _signerProblems.TryGetValue(authorityId, out (string Text, TimeSpan Until) problem) && (_now.Up < problem.Until || IsSigning(authorityId)) ? problem : null;

    // So that whoever is in need asks the other one first, and this one again after the pause.
    private bool HasJustFailed(string authorityId) =>
        _signerProblems.TryGetValue(authorityId, out (string Text, TimeSpan Until) problem) && _now.Up < problem.Until - SignerPause;

    private bool IsSigning(string authorityId) => _tickets.Values.Any(ticket => ticket.Leaf is null && ticket.Instance.SigningAuthority == authorityId);

    private void SignerFailed(Instance instance, string problem)
    {
        if (!_signerProblems.TryGetValue(instance.SigningAuthority, out (string Text, TimeSpan Until) known) || known.Text != problem)
        {
            _effects.Add(new Noted("", $"issuing stops: {problem}"));
        }

        _signerProblems[instance.SigningAuthority] = (problem, _now.Up + SignerDoubt);
        instance.LeafNotBefore = _now.Up + SignerRetry;
        Attend(instance);
    }

    private void OnLedgerWritten(LedgerWritten written)
    {
        if (!_tickets.Remove(written.Ticket, out (Instance Instance, SignedLeaf? Leaf, LedgerRow? Row) ticket))
        {
            return;
        }

        if (_ledgerProblem is not null)
        {
            _ledgerProblem = null;
            _effects.Add(new Noted("", "the ledger takes rows again"));
        }

        Instance instance = ticket.Instance;
        LedgerRow row = ticket.Row!;
        _needs.Remove(row.Anchors, row.AuthorityId);
        instance.Work = LeafWork.None;
        bool send = written.Accepted && !instance.Ended && instance.SigningAuthority == SignerOf(instance) && instance.Leaves.Live.Count > 0;
        if (send)
        {
            Adopt(instance, row, ticket.Leaf!.Payload);
            if (row.BundleSlots < instance.Bundles.Slots || row.LeafSlots < instance.Leaves.Slots)
            {
                SaveSlots(instance);
            }
        }
        else if (written.Accepted)
        {
            // Its bytes never left this process, so nobody can present it.
            _effects.Add(new SetLeafState(row.Serial, LeafState.Superseded));
        }

        AfterLedger(instance);
    }

    private void OnLedgerFailed(LedgerFailed failed)
    {
        if (!_tickets.Remove(failed.Ticket, out (Instance Instance, SignedLeaf? Leaf, LedgerRow? Row) ticket))
        {
            return;
        }

        Instance instance = ticket.Instance;
        LedgerRow row = ticket.Row!;
        _needs.Remove(row.Anchors, row.AuthorityId);
        instance.Work = LeafWork.None;
        instance.LeafNotBefore = _now.Up + SignerRetry;
        _effects.Add(new SetLeafState(row.Serial, LeafState.Superseded));
        if (_ledgerProblem != failed.Error)
        {
            // Once: a full disk meets every proxy, again and again.
            _ledgerProblem = failed.Error;
            _effects.Add(new Noted("", $"leaves wait, none is sent without its row in the ledger: {failed.Error}"));
        }

        AfterLedger(instance);
    }

    private void Adopt(Instance instance, LedgerRow row, LeafPayload payload)
    {
        // A clock that has jumped beyond the leaf's end since it was signed would put its renewal off until after that, once the clock is back.
        DateTimeOffset issued = _clock.Latest < row.NotAfter ? _clock.Latest : row.NotBefore;
        OutstandingLeaf leaf = new(row, ++instance.LeavesIssued, payload, RenewAt(row, issued)) { IssuedAt = _now.Up };
        AddOutstanding(instance, leaf);
        instance.Newest = leaf;
        if (_state.Plan is { } plan && row.AuthorityId == plan.To && instance.Unanswered?.Plan != plan.Id)
        {
            instance.Unanswered = (plan.Id, _now.Up);
        }
    }

    private void AfterLedger(Instance instance)
    {
        if (instance.Ended)
        {
            _members.Move(instance.CountedAt, null);
            instance.CountedAt = null;
        }
        else if (!instance.Connected && instance.Outstanding.Count == 0 && !instance.Enrolled)
        {
            Vanish(instance);
        }
        else
        {
            Attend(instance);
        }
    }

    /// <summary>Sends the newest leaf to every leaf subscription that does not have it, once the bundle is out of the way.</summary>
    private void OfferLeaf(Instance instance)
    {
        if (instance.Newest is not { Payload: { } payload, Lost: false, State: not LeafState.Nacked } newest
            || !instance.Outstanding.ContainsKey(newest.Row.Serial)
            || instance.Bundles.Live.Exists(subscription => subscription.Busy || (!subscription.AwaitsLedger && IsBundleDue(subscription))))
        {
            return;
        }

        long before = _lastDelivery;
        foreach (Subscription subscription in instance.Leaves.Live)
        {
            if (!subscription.Busy && !subscription.AwaitsLedger && subscription.OfferedLeaf != newest.Row.Serial && !IsStreamTaken(subscription, before))
            {
                Offer(subscription, payload);
            }
        }
    }

    private static string Describe(IReadOnlyCollection<string> anchors) => anchors.Count == 0 ? "no known root" : string.Join(", ", anchors);
}
