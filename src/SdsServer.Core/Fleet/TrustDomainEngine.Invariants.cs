using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>
/// The promise, checked after every event in every build; O(roots) while it holds. A broken one holds the plan and names itself and the
/// proxies; secrets are served on. I4 is checked on every leaf's very bytes before they reach the ledger (<see cref="Pki.LeafLint"/>).
/// </summary>
public sealed partial class TrustDomainEngine
{
    private const int MaxNamed = 5;

    private string? _violation;

    // What cannot be seen in the state any more: bytes that have left, a root that has gone. It stands until an operator lifts the hold.
    private string? _lasting;
    // The rule whose break an operator turns back from, in which rotation: it cannot hold the way that mends it.
    private (string Rotation, string Rule)? _endured;
    private readonly PlanHold? _heldBefore;
    private string? _bundleFault;
    private TimeSpan _bundleCheckedAt;
    private bool _bundleChecked;

    // A bundle that was as large as it might be is no break of the promise because the setting is lower now: only the plan can make it smaller (ADR 14).
    private int _mostRoots;

    private void CheckInvariants()
    {
        string? found = Broken() ?? _lasting;
        if (found is not null && found != _violation)
        {
            _effects.Add(new Noted("", $"invariant violated: {found}"));
        }

        _violation = found;
    }

    // What has shrunk does not grow again.
    private void NoteSize() => _mostRoots = Math.Max(_policy.MaxRoots, Math.Min(_mostRoots, _state.Bundle.Length));

    private bool IsEndured(string violation, RotationPlan plan) =>
        plan.Goal == RotationGoal.Back && _endured == (plan.Id, RuleOf(violation));

    private static string RuleOf(string violation) => violation[..violation.IndexOf(':', StringComparison.Ordinal)];

    private string? Broken()
    {
        if (!_needs.AllVouchedFor(root => _state.IsSafe(root, _floor)))
        {
            return $"I1: leaves are outstanding that no root in every bundle since epoch {_floor} vouches for, of {Named(instance =>
                instance.Outstanding.Values.Any(leaf => !leaf.Row.Anchors.Any(anchor => _state.IsSafe(anchor, _floor))))}";
        }

        if (_members.Lowest < _floor)
        {
            return $"I1: members stand at epoch {_members.Lowest}, below the floor {_floor}: {Named(instance => instance.CountedAt < _floor)}";
        }

        if (_state.Authorities.FirstOrDefault(authority => authority.Id == _state.Signer) is not { } signer)
        {
            return $"I2: the signer '{_state.Signer}' is unknown";
        }

        if (signer.Tainted && _state.Plan is not { Kind: RotationKind.Emergency })
        {
            return $"I2: the signer '{_state.Signer}' is tainted, and no emergency moves away from it";
        }

        if (!_state.Trusts(signer.RootId))
        {
            return $"I2: the signer's root '{signer.RootId}' is not in the bundle";
        }

        return _state.Bundle.Length < 1 || _state.Bundle.Length > _mostRoots ? $"I3: the bundle holds {_state.Bundle.Length} roots, not 1 to {_mostRoots}"
            : FaultOfBundle() is { } fault ? $"I8: {fault}"
            : null;
    }

    /// <summary>I5, at the moment a root goes: afterwards the leaf is gone from the counts where its proxy was passed over by name.</summary>
    private void CheckDropped(TrustState old)
    {
        foreach (string root in old.Bundle.Where(root => !_state.Trusts(root)))
        {
            if (Needing(root) is var needing and > 0)
            {
                _lasting = $"I5: root {root} was dropped while {needing} leaves needed it, of {Named(instance => instance.Outstanding.Values.Any(leaf => leaf.Row.Anchors.Contains(root)))}";
            }
        }
    }

    /// <summary>I6 and I7, at the moment bytes go out: a stream never goes back in epochs, and a leaf is in the ledger before it is sent.</summary>
    private void CheckOffered(Subscription subscription, SecretPayload payload)
    {
        Instance instance = subscription.Instance;
        if (payload is BundlePayload bundle && (bundle.Epoch < subscription.Proven || bundle.Epoch < instance.Lo))
        {
            _lasting = $"I6: {instance.Key.SpiffeId} ({instance.Key.NodeId}) is sent the bundle of epoch {bundle.Epoch} after that of {Math.Max(subscription.Proven, instance.Lo)}";
        }
        else if (payload is LeafPayload leaf && !_leafOwners.ContainsKey(leaf.Serial))
        {
            _lasting = $"I7: {instance.Key.SpiffeId} ({instance.Key.NodeId}) is sent leaf {leaf.Serial}, which the ledger does not hold";
        }
    }

    // The bundle's bytes change with the epoch alone, and go bad with time alone.
    private string? FaultOfBundle()
    {
        if (!_bundleChecked || _now.Up >= _bundleCheckedAt + _policy.BundleCheck)
        {
            _bundleChecked = true;
            _bundleCheckedAt = _now.Up;
            _bundleFault = _seams.FindBundleFault(_state, _clock.Judged);
        }

        return _bundleFault;
    }

    private string Named(Func<Instance, bool> predicate)
    {
        List<Instance> all = [.. _instances.Walk().Where(predicate).OrderBy(instance => instance.Id, StringComparer.Ordinal)];
        string named = string.Join(", ", all.Take(MaxNamed).Select(instance => $"{instance.Key.SpiffeId} ({instance.Key.NodeId})"));
        return all.Count > MaxNamed ? $"{named} and {all.Count - MaxNamed} more" : all.Count == 0 ? "nobody who is known by name" : named;
    }
}
