using System.Collections.Immutable;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>The waves one by one, as they can be seen from outside. Which wave reached a proxy is stored nowhere, only who has been reached.</summary>
public sealed partial class TrustDomainEngine
{
    // Below which place each wave reaches, made when the waves move: a look at a large fleet must not sort it every time.
    private (string Plan, int Begun, ulong Reached, ImmutableArray<ulong> Bounds)? _waveBounds;

    /// <summary>The connected proxies that take leaves, by what the waves have done to them; counted, so that it costs nothing.</summary>
    public WaveFacts WaveFacts => Waves;

    /// <summary>How many proxies each wave of a rotation would reach that began now.</summary>
    /// <param name="policy">Its policy.</param>
    /// <param name="rotationId">Its id, which decides the order; empty where there is none yet.</param>
    public IReadOnlyList<WaveView> PlannedWaves(RotationPolicy policy, string rotationId)
    {
        RotationPlan plan = Imagined(policy, rotationId);
        List<WaveCandidate> fleet = Candidates(rotationId);
        ImmutableArray<ulong> bounds = Bounds(plan, fleet);
        int[] proxies = new int[plan.WaveCount];
        foreach (WaveCandidate proxy in fleet)
        {
            proxies[WaveOf(plan, bounds, proxy.Place, proxy.Traits) - 1]++;
        }

        return [.. proxies.Select((count, index) => new WaveView(index + 1, Extent(policy, index), Begun: false, count, 0, 0, 0))];
    }

    /// <summary>The waves of the plan under way; empty without one, on the way back, and before an authority is set.</summary>
    public IReadOnlyList<WaveView> Waving()
    {
        if (_state.Plan is not { } plan || Places(plan) is not { } bounds)
        {
            return [];
        }

        WaveView[] waves = [.. Enumerable.Range(0, plan.WaveCount).Select(index => new WaveView(index + 1, Extent(plan.Policy, index), index < plan.WavesBegun, 0, 0, 0, 0))];
        foreach (Instance instance in _instances.Walk().Where(instance => TakesLeaves(instance, plan.Id)))
        {
            ref WaveView wave = ref waves[WaveNumber(instance, plan, bounds) - 1];
            wave = wave with
            {
                Proxies = wave.Proxies + 1,
                Moved = wave.Moved + (instance.Standing == WaveStanding.Moved ? 1 : 0),
                Silent = wave.Silent + (KeepsSilent(instance.Standing) ? 1 : 0),
                Refusing = wave.Refusing + (instance.HasOpenRefusal ? 1 : 0),
            };
        }

        return waves;
    }

    private int WaveNumber(Instance instance) =>
        _state.Plan is { } plan && TakesLeaves(instance, plan.Id) && Places(plan) is { } bounds ? WaveNumber(instance, plan, bounds) : 0;

    private static int WaveNumber(Instance instance, RotationPlan plan, ImmutableArray<ulong> bounds)
    {
        bool reached = IsReached(instance, plan);
        ulong place = instance.PlaceIn == plan.Id ? instance.Place : WaveAssignment.PlaceOf(plan.Id, instance.Key.SpiffeId, instance.Key.NodeId);
        int wave = WaveOf(plan, bounds, place, instance.Traits);

        // The fleet has changed since: who has been reached is certain, the rest is foreseen.
        return reached ? Math.Min(wave, plan.WavesBegun) : Math.Max(wave, Math.Min(plan.WavesBegun + 1, plan.WaveCount));
    }

    private ImmutableArray<ulong>? Places(RotationPlan plan)
    {
        if (plan.Goal == RotationGoal.Back)
        {
            return null;
        }

        if (_waveBounds is not { } known || (known.Plan, known.Begun, known.Reached) != (plan.Id, plan.WavesBegun, plan.ReachedBelow))
        {
            _waveBounds = known = (plan.Id, plan.WavesBegun, plan.ReachedBelow, Bounds(Imagined(plan.Policy, plan.Id), Candidates(plan.Id)));
        }

        return known.Bounds;
    }

    /// <summary>Below which place each wave reaches; its selector counts beside that.</summary>
    private static ImmutableArray<ulong> Bounds(RotationPlan plan, List<WaveCandidate> fleet)
    {
        ulong[] bounds = new ulong[plan.WaveCount];
        while (plan.WavesBegun < plan.WaveCount)
        {
            int before = plan.WavesBegun;
            RotationPlan next = WaveAssignment.Begin(plan, before + 1, fleet);
            Array.Fill(bounds, plan.ReachedBelow, before, next.WavesBegun - before - 1);
            bounds[next.WavesBegun - 1] = next.ReachedBelow;
            plan = next;
        }

        return [.. bounds];
    }

    private static int WaveOf(RotationPlan plan, ImmutableArray<ulong> bounds, ulong place, ProxyTraits traits)
    {
        for (int wave = 0; wave < bounds.Length; wave++)
        {
            if (place < bounds[wave] || (wave < plan.Policy.Waves.Length && plan.Policy.Waves[wave].Selector is { } selector && selector.Matches(traits)))
            {
                return wave + 1;
            }
        }

        return bounds.Length;
    }

    private static Wave? Extent(RotationPolicy policy, int index) => index < policy.Waves.Length ? policy.Waves[index] : null;

    private RotationPlan Imagined(RotationPolicy policy, string id) => new()
    {
        Id = id,
        RequestId = id,
        Kind = RotationKind.Planned,
        From = _state.Signer,
        To = _state.Signer,
        Policy = policy,
        StartedAt = _clock.Reckoned,
        StartedBy = "",
        StepSince = _clock.Reckoned,
        SignerRevisionAtStart = _state.SignerRevision,
    };
}
