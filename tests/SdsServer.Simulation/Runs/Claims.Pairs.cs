using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Simulation.Envoys;

namespace SdsServer.Simulation.Runs;

/// <summary>I1, literally: whatever leaf one may present, every bundle another enforces accepts it.</summary>
internal sealed partial class Claims
{
    private void CheckAll()
    {
        _checkedEpoch = _epoch;
        _common = Common(_floor);

        foreach (SimulatedEnvoy envoy in envoys)
        {
            if (envoy.Alive)
            {
                CheckHolder(envoy);
                foreach (SimulatedEnvoy other in envoys)
                {
                    if (other != envoy && other.Alive)
                    {
                        CheckAccepts(envoy, other);
                    }
                }
            }
        }
    }

    // Epochs that were never durable were never sent.
    private RootSet Common(long floor)
    {
        RootSet common = RootSet.All;
        for (long epoch = floor; epoch <= _epoch; epoch++)
        {
            common = _bundles.TryGetValue(epoch, out RootSet roots) ? common.And(roots) : common;
        }

        return common;
    }

    /// <summary>I1 of one process: what it may present is in every bundle since the floor, and what it enforces is not below the floor.</summary>
    private void CheckHolder(SimulatedEnvoy envoy)
    {
        foreach (TlsContext context in envoy.Contexts)
        {
            if (context.Presents is { } leaf && leaf.NotAfter > time.True && !leaf.Roots.Overlaps(_common) && !_overruled.Contains(leaf.Serial))
            {
                throw new Violation("I1", $"{envoy.Name} holds leaf {leaf.Serial[..6]} from {leaf.Roots}, which is not in every bundle of epochs {_floor} to {_epoch}: {_common}");
            }

            if (context.Enforces is { } bundle && bundle.Epoch < _floor && !IsPassedOver(envoy) && CanTalk(envoy, context))
            {
                throw new Violation("I1", $"{envoy.Name} enforces epoch {bundle.Epoch}, below the floor {_floor}");
            }
        }
    }

    /// <summary>The claim itself: each leaf that one may present is accepted by each bundle that the other enforces.</summary>
    private void CheckAccepts(SimulatedEnvoy presenter, SimulatedEnvoy verifier)
    {
        foreach (TlsContext verifying in verifier.Contexts)
        {
            if (verifying.Enforces is not { } bundle || (_passedOver.Count > 0 && IsPassedOver(verifier)) || !CanTalk(verifier, verifying))
            {
                continue;
            }

            foreach (TlsContext presenting in presenter.Contexts)
            {
                if (presenting.Presents is { } leaf && leaf.NotAfter > time.True && !_overruled.Contains(leaf.Serial))
                {
                    Pairs++;
                    if (!leaf.Roots.Overlaps(bundle.Roots))
                    {
                        throw new Violation("pair", $"{verifier.Name} enforces epoch {bundle.Epoch} {bundle.Roots} and refuses {presenter.Name} with leaf {leaf.Serial[..6]} from {leaf.Roots}");
                    }
                }
            }
        }
    }

    // Mutual TLS needs an unexpired leaf on both sides; a consumer of the bundle alone counts once the roster has it.
    private bool CanTalk(SimulatedEnvoy envoy, TlsContext context)
    {
        if (context.Leaf is not null)
        {
            return context.Presents is { } leaf && leaf.NotAfter > time.True;
        }

        // It may be the twin that is on the roster.
        if (envoy.HasTwin && store.Roster.Values.Count(entry => entry.Key == envoy.Key) < envoys.Count(other => other.Alive && other.Key == envoy.Key))
        {
            return false;
        }

        if (_rostered.Contains(envoy.Key))
        {
            return true;
        }

        foreach (RosterEntry entry in store.Roster.Values)
        {
            if (entry.Key == envoy.Key)
            {
                _rostered.Add(envoy.Key);
                return true;
            }
        }

        // A crash that the roster entry did not outlive: whoever comes back in time is waited for (rule E2).
        return _enrolling.TryGetValue(envoy.Key, out TimeSpan begun)
            && (begun == server.StartedAt || (envoy.OpenedAt < server.StartedAt && time.Up < server.StartedAt + policy.ReconnectWindow));
    }
}
