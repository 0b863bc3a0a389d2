using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace SdsServer.Core.Rotation;

/// <summary>Which proxies a plan's waves reach. Pure: every replica comes to the same answer, and a proxy keeps its place for the whole plan.</summary>
public static class WaveAssignment
{
    /// <summary>The place of a proxy in the order in which a plan reaches the fleet: spread evenly, another in every plan.</summary>
    /// <param name="planId">Id of the rotation.</param>
    /// <param name="spiffeId">The proxy's identity.</param>
    /// <param name="nodeId">Its node id: processes that follow each other under one node id keep their place.</param>
    public static ulong PlaceOf(string planId, string spiffeId, string nodeId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{planId}\0{spiffeId}\0{nodeId}"), hash);

        // The highest place stays free, so that a bound above every proxy exists.
        return Math.Min(BinaryPrimitives.ReadUInt64BigEndian(hash), ulong.MaxValue - 1);
    }

    /// <summary>How many waves there are, the one of whoever is left included.</summary>
    public static int Count(ImmutableArray<Wave> waves) => waves.IsEmpty || waves[^1] is not { Percent: 100 } ? waves.Length + 1 : waves.Length;

    /// <summary>Whether the waves begun have reached this proxy.</summary>
    public static bool Reaches(RotationPlan plan, ulong place, ProxyTraits traits)
    {
        if (place < plan.ReachedBelow)
        {
            return true;
        }

        for (int wave = 0; wave < plan.WavesBegun && wave < plan.Policy.Waves.Length; wave++)
        {
            if (plan.Policy.Waves[wave].Selector is { } selector && selector.Matches(traits))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The plan with the next wave begun that reaches somebody; the last one is begun even if it does not.</summary>
    /// <param name="from">The number of the wave to begin, from 1: the one after those begun, or the same again where nobody of it is left.</param>
    /// <param name="fleet">The connected proxies that take leaves.</param>
    /// <param name="exactly">
    /// Somebody is asked about each wave: a new one whose selector reaches nobody is begun all the same, and the next is asked about again. Not a number that
    /// earlier waves have filled.
    /// </param>
    public static RotationPlan Begin(RotationPlan plan, int from, IReadOnlyList<WaveCandidate> fleet, bool exactly = false)
    {
        int last = Count(plan.Policy.Waves);
        for (int wave = from; wave < last; wave++)
        {
            RotationPlan next = Extend(plan with { WavesBegun = Math.Max(wave, plan.WavesBegun) }, plan.Policy.Waves[wave - 1], fleet);
            if (fleet.Any(proxy => Reaches(next, proxy.Place, proxy.Traits) && !Reaches(plan, proxy.Place, proxy.Traits)))
            {
                return next with { CanaryWave = plan.CanaryWave == 0 ? wave : plan.CanaryWave };
            }

            if (exactly && wave > plan.WavesBegun && plan.Policy.Waves[wave - 1].Selector is not null)
            {
                return next;
            }
        }

        return plan with { WavesBegun = last, ReachedBelow = ulong.MaxValue, CanaryWave = plan.CanaryWave == 0 ? last : plan.CanaryWave };
    }

    /// <summary>Whether others take the place of those of the last wave begun when they are gone: they do in a wave that only counts.</summary>
    public static bool TakesAnybody(RotationPlan plan) => plan.WavesBegun > plan.Policy.Waves.Length || plan.Policy.Waves[plan.WavesBegun - 1].Selector is null;

    private static RotationPlan Extend(RotationPlan plan, Wave wave, IReadOnlyList<WaveCandidate> fleet)
    {
        if (wave.Selector is not null)
        {
            return plan;
        }

        int wanted = wave.Proxies ?? (int)decimal.Ceiling((decimal)wave.Percent!.Value * fleet.Count / 100);
        int missing = wanted - fleet.Count(proxy => Reaches(plan, proxy.Place, proxy.Traits));
        if (missing <= 0)
        {
            return plan;
        }

        ulong[] places = [.. fleet.Where(proxy => !Reaches(plan, proxy.Place, proxy.Traits)).Select(proxy => proxy.Place).Order().Take(missing)];
        return places.Length == 0 ? plan : plan with { ReachedBelow = Math.Max(plan.ReachedBelow, places[^1] + 1) };
    }
}
