using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>
/// Proxies that hold a bundle newer than any this store knows: it was restored from an older backup, or lost (rule E8). What the
/// fleet trusts by now is not in it, so such a proxy keeps what it has until an operator says otherwise, and no plan moves.
/// </summary>
public sealed partial class TrustDomainEngine
{
    private readonly HashSet<Instance> _newer = [];

    // Nothing proves such a report: an operator who has gone on once is not held up by the same workload again.
    private readonly HashSet<string> _overruledIdentities = [];

    private void NoticeNewer(Instance instance, string? reportedVersion)
    {
        if (SecretVersion.BundleEpoch(reportedVersion) is { } epoch && epoch > _state.Epoch && epoch > instance.NewerEpoch)
        {
            instance.NewerEpoch = epoch;
            _newer.Add(instance);
            _effects.Add(new Noted(
                instance.Id,
                $"holds the bundle of epoch {epoch}, the newest here is {_state.Epoch}: this store is older than the fleet. It is sent nothing; restore the newest store, or repush the proxy to take it over"));
        }
    }

    private bool HoldsNewer(Instance instance) => instance.NewerEpoch > _state.Epoch;

    private void TakeOver(Instance instance)
    {
        instance.NewerEpoch = 0;
        _newer.Remove(instance);
        Attend(instance);
    }

    private void TakeAllOver()
    {
        foreach (Instance instance in _newer.ToList())
        {
            _overruledIdentities.Add(instance.Key.SpiffeId);
            TakeOver(instance);
        }
    }

    private PlanHold? HoldOfOlderStore() => _newer.Where(instance => HoldsNewer(instance) && !_overruledIdentities.Contains(instance.Key.SpiffeId)).MinBy(instance => instance.Id, StringComparer.Ordinal) is { } first
        ? new PlanHold(
            HoldCause.OlderStore,
            $"{_newer.Count(HoldsNewer)} proxies hold bundles newer than this store knows ({first.Key.SpiffeId} ({first.Key.NodeId}) that of epoch {first.NewerEpoch}, the newest here is {_state.Epoch}): restored from an older backup?",
            _now.Utc)
        : null;
}
