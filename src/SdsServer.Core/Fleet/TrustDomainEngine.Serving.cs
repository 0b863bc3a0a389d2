using System.Collections.Immutable;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>
/// The server's own serving certificate (rule E6). It moves to the signer's root when every member that connects over a network is known to
/// accept that: by its node's word, or by an operator's. Until then the plan does not drop the root that it is under.
/// </summary>
public sealed partial class TrustDomainEngine
{
    // Members that are not known to accept the root wanted: kept, because an event of one proxy may not walk the fleet.
    private readonly HashSet<Instance> _unanchored = [];

    // Somebody was left behind by the last move whom it did not count; the next save says so.
    private bool _leftBehindSince;

    // The root that the certificate is to move to; null: it is under the signer's, or is not the server's own.
    private string? _anchorWanted;

    /// <summary>The server's own serving certificate; null where it serves with an operator's.</summary>
    public ServingView? ServingCertificate()
    {
        if (_state.Serving is not { } serving)
        {
            return null;
        }

        string root = _state.RootOf(serving.AuthorityId).Id;
        string? next = _anchorWanted ?? (_state.Plan is { } plan && _state.RootOf(plan.Target).Id != root ? _state.RootOf(plan.Target).Id : null);
        List<Instance> missing = next is null ? [] : [.. _instances.Walk().Where(instance => Lacks(instance, next)).OrderBy(instance => instance.Id, StringComparer.Ordinal)];
        return new ServingView(
            serving.AuthorityId, root, next, _anchorWanted is not null, IsServingHeldBack || _now.Up >= _frozenUntil ? ServingGraceEnd : TermIsOldAt,
            [.. missing.Take(Refusal.MaxBlockers).Select(instance => WithoutAnchor(instance, next!))], missing.Count);
    }

    /// <summary>
    /// Whom a move of the certificate to another root would wait for, or cut off: members that are not known to accept it. Empty where it need not move.
    /// </summary>
    /// <param name="rootId">The root; null for one that is not made yet, which nobody can know.</param>
    public IReadOnlyList<Blocker> Unanchored(string? rootId) => _state.Serving is null || (rootId is not null && IsServingUnder(rootId))
        ? []
        : [.. _instances.Walk().Where(instance => rootId is null ? Looks(instance) : Lacks(instance, rootId)).OrderBy(instance => instance.Id, StringComparer.Ordinal).Select(instance => WithoutAnchor(instance, rootId))];

    private bool IsServingHeldBack => _unanchored.Count > 0 && !(ServingGraceEnd <= _clock.Reckoned);

    private DateTimeOffset? ServingGraceEnd => _policy.GraceEnd(_state.Serving);

    private bool IsServingUnder(string rootId) => _state.Serving is { } serving && _state.RootOf(serving.AuthorityId).Id == rootId;

    private TrustState WithServingFound(TrustState state)
    {
        if (_policy.OwnServing == state.Serving is not null)
        {
            return state;
        }

        Authority signer = state.Authority(state.Signer);
        return state with { Serving = _policy.OwnServing ? new OwnServing { AuthorityId = signer.Tainted && state.Plan is { } plan ? plan.To : signer.Id } : null };
    }

    private void RestoreAnchors()
    {
        foreach (ConfirmedAnchors confirmed in _state.Serving?.Confirmed ?? [])
        {
            if (_instances.TryGetValue(confirmed.InstanceId, out Instance? instance))
            {
                instance.AnchorsConfirmedAt = confirmed.Epoch;
            }
        }

        WantAnchor();
    }

    /// <summary>Looks whether the certificate is to move, and who stands in the way; to be called when the state has changed.</summary>
    private void WantAnchor()
    {
        string? wanted = _state.Serving is not null && _state.Authority(_state.Signer) is { Tainted: false, RootId: var root } && !IsServingUnder(root) ? root : null;
        if (wanted == _anchorWanted)
        {
            return;
        }

        _anchorWanted = wanted;
        _unanchored.Clear();
        if (wanted is not null)
        {
            _instances.Walk().ToList().ForEach(NoteAnchor);
        }
    }

    private void NoteAnchor(Instance instance)
    {
        if (_anchorWanted is { } root && Lacks(instance, root))
        {
            _unanchored.Add(instance);
        }
        else
        {
            _unanchored.Remove(instance);
        }
    }

    // On a Unix socket nobody looks at a certificate. Whoever does not count in any gate does not count in this one.
    private bool Lacks(Instance instance, string root) => Looks(instance) && !Accepts(instance, root);

    private static bool Looks(Instance instance) => instance is { CountedAt: not null, Key.IsRemote: true };

    private bool Accepts(Instance instance, string root) => instance.AnchorPassedOver == root || Knows(instance, root);

    private bool Knows(Instance instance, string root) =>
        instance.Anchors.Contains(root)
        || (instance.AnchorsConfirmedAt > 0 && _state.IsSafe(root, instance.AnchorsConfirmedAt));

    /// <summary>Rule E1 takes who stays away as gone, because an Envoy comes back within half a minute. One whose link was cut cannot.</summary>
    private bool IsLeftBehind(Instance instance) =>
        instance.Key.IsRemote && _state.Serving is { } serving && _state.RootOf(serving.AuthorityId).Id is var root && !Knows(instance, root)
        && (instance.MetRoot is { } met ? met != root : serving.LeavesBehind);

    // Connected without counting yet, or while the move was being written, or before the new certificate was signed: the move did not count it.
    private void NoteLeftBehind(Instance instance) => _leftBehindSince |= instance.MetRoot is not null && IsLeftBehind(instance);

    private TrustState WithLeftBehind(TrustState next) => _leftBehindSince && next.Serving is { LeavesBehind: false } serving && IsServingUnder(next.RootOf(serving.AuthorityId).Id)
        ? next with { Serving = serving with { LeavesBehind = true } }
        : next;

    /// <summary>Whom the certificate has cut off can come back, perhaps, when it moves on; and has its time for that only from now on.</summary>
    private void RestartAbsences(TrustState next)
    {
        if (next.Serving?.AuthorityId != _state.Serving?.AuthorityId)
        {
            RestartAbsences([.. _instances.Walk().Where(instance => instance.AwaySince is not null && IsLeftBehind(instance))]);
        }
    }

    private void NoteLeftBehind()
    {
        _leftBehindSince = false;
        foreach (Instance instance in _instances.Walk())
        {
            NoteLeftBehind(instance);
        }
    }

    private void RestartAbsences(IReadOnlyList<Instance> away)
    {
        foreach (Instance instance in away)
        {
            instance.AwaySince = _now.Up;
        }

        foreach (InstanceKey key in away.Select(static instance => instance.Key).Distinct())
        {
            SetSuccessionTimers(key);
        }
    }

    private bool LeavesBehind(string root) => _instances.Walk().Any(instance => Looks(instance) && !Knows(instance, root));

    private void PassOverAnchor(string instanceId)
    {
        if (_instances.TryGetValue(instanceId, out Instance? instance))
        {
            instance.AnchorPassedOver = _anchorWanted;
            NoteAnchor(instance);
        }
    }

    /// <summary>The state with the certificate under the signer, where that is known to be accepted or the grace is over; else with the wait begun.</summary>
    private TrustState WithServingMoved(TrustState state)
    {
        if (state.Serving is not { } serving || state.Plan is { Hold: not null } || state.Authority(state.Signer) is not { Tainted: false } signer)
        {
            return state;
        }

        bool stays = state.RootOf(serving.AuthorityId).Id == signer.RootId;

        // Whoever the server has forgotten in a crash must have had time to come back, as for the floor.
        if (!stays && (IsServingHeldBack || _now.Up < _frozenUntil))
        {
            return serving.WaitsSince <= _clock.Reckoned ? state : state with { Serving = serving with { WaitsSince = _clock.Reckoned } };
        }

        return serving.AuthorityId == signer.Id && serving.WaitsSince is null
            ? state
            : state with { Serving = serving with { AuthorityId = signer.Id, WaitsSince = null, LeavesBehind = stays ? serving.LeavesBehind : LeavesBehind(signer.RootId) } };
    }

    /// <summary>The line of the log for a save that moves the certificate; who loses its link by that is named.</summary>
    private Decision? WithServingTold(TrustState next, Decision? entry)
    {
        if (next.Serving is not { } serving || _state.Serving is not { } before || serving.AuthorityId == before.AuthorityId)
        {
            return entry;
        }

        string root = next.RootOf(serving.AuthorityId).Id;
        string losing = IsServingUnder(root) || !_instances.Walk().Any(instance => Lacks(instance, root))
            ? ""
            : $"; at their next connect these lose their link to this server, until their anchors hold {RootName(root)}: {Named(instance => Lacks(instance, root))}";
        string told = $"the server's own certificate is under '{serving.AuthorityId}' from now on{losing}";
        if (losing.Length > 0)
        {
            _effects.Add(new Noted("", told));
        }

        return entry is not null
            ? entry with { Reason = entry.Reason.Length > 0 ? $"{entry.Reason}. Also: {told}" : told }
            : Log("engine", DecisionKind.MoveServing, serving.AuthorityId, $"move the server's own certificate from '{before.AuthorityId}' to '{serving.AuthorityId}'", $"{(losing.Length > 0 ? "the bootstrap grace is over" : "every proxy concerned accepts its root")}{losing}")
                with { RotationId = next.Plan?.Id ?? "" };
    }

    private Blocker WithoutAnchor(Instance instance, string? root)
    {
        DateTimeOffset? until = ServingGraceEnd;
        if (!instance.Connected && !instance.Enrolled && instance.Outstanding.Count > 0)
        {
            DateTimeOffset expired = instance.Outstanding.Values.Max(leaf => leaf.Row.NotAfter) + _policy.MaxSkew;
            until = until < expired ? until : expired;
        }

        string says = instance.Anchors.IsEmpty ? "does not say what its anchors are" : "does not have it among its anchors";
        string away = instance.Connected ? "" : " (not connected)";
        string detail = root is null
            ? $"the server's own certificate is to move to a root that is not made yet, so this proxy{away} cannot have it among its anchors: make the root first (sdsctl root create), give out the anchors (sdsctl anchors export), then move to it; or restart or confirm the proxy later"
            : $"the server's own certificate is to move to {RootName(root)}, and this proxy {says}{away}: give it the new anchors (sdsctl anchors export), then restart it with them in its node's metadata, or confirm it";
        return new Blocker(instance.Id, instance.Key.SpiffeId, instance.Key.NodeId, BlockerReason.MissingAnchor, detail, until);
    }

    private void Confirm(ConfirmAnchors order)
    {
        if (_state.Serving is not { } serving)
        {
            Answer(order, CommandStatus.Refused, "the server serves with an operator's certificate: no rotation moves it", Refuse("anchors_not_ours", Gate.G3, []));
        }
        else if (!_instances.TryGetValue(order.InstanceId, out Instance? instance))
        {
            Answer(order, CommandStatus.NotFound, $"there is no instance '{order.InstanceId}'");
        }
        else if (!instance.Key.IsRemote)
        {
            Answer(order, CommandStatus.Refused, $"instance '{order.InstanceId}' connects by a Unix socket, where no certificate is looked at", Refuse("anchors_not_ours", Gate.G3, []));
        }
        else if (order.Epoch != _state.Epoch)
        {
            Answer(order, CommandStatus.Aborted, $"the bundle is at epoch {_state.Epoch}, not {order.Epoch}: look again at what the proxy's anchors are");
        }
        else
        {
            if (instance.AwaySince is not null && IsLeftBehind(instance))
            {
                // Only from now on it can come back.
                RestartAbsences([instance]);
            }

            instance.AnchorsConfirmedAt = order.Epoch;
            NoteAnchor(instance);

            // Of those that are still there: instances come and go, and this is part of the state.
            ImmutableArray<ConfirmedAnchors> confirmed =
                [.. serving.Confirmed.Where(other => other.InstanceId != order.InstanceId && _instances.TryGetValue(other.InstanceId, out _)), new ConfirmedAnchors(order.InstanceId, order.Epoch)];
            Commit(
                order,
                Decided(WithEvidence(_state with { Serving = serving with { Confirmed = confirmed } }, out _)),
                DecisionKind.ConfirmAnchors,
                order.InstanceId,
                $"confirm that the anchors of {instance.Key.SpiffeId} hold the bundle of epoch {order.Epoch}",
                $"instance '{order.InstanceId}' accepts the server's own certificate under every root of epoch {order.Epoch}");
        }
    }
}
