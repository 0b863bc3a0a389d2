using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>Walks through a rotation that has not begun.</summary>
/// <param name="waves">As they would reach the fleet.</param>
/// <param name="absence">How long members that are away, or go away now, count at most.</param>
/// <param name="outlasting">How long one that goes away later counts.</param>
internal sealed class ForecastTimes(
    RotationKind kind, RotationPolicy policy, IReadOnlyList<WaveView> waves, TimeSpan absence, TimeSpan outlasting, DateTimeOffset now)
{
    private DateTimeOffset _earliest;
    private DateTimeOffset _worst;

    public IEnumerable<ForecastTime> Steps()
    {
        (_earliest, _worst) = (now, now);
        yield return new ForecastTime(Api.Phase.Distributing, null, null, now, now);
        foreach (ForecastTime step in kind == RotationKind.Emergency ? Emergency() : Guarded())
        {
            yield return step;
        }
    }

    private IEnumerable<ForecastTime> Guarded()
    {
        // An intermediate is trusted already: nobody has to come back for that.
        TimeSpan trust = kind == RotationKind.Planned ? policy.TrustSoak : TimeSpan.Zero;
        Move(PlanWaits.Before(policy, Gate.G1, trust), kind == RotationKind.Planned ? absence : TimeSpan.Zero);
        NotBefore(policy.SignNotBefore);
        Gate gate = Gate.G1;
        TimeSpan soak = policy.CanarySoak;
        List<WaveView> reaching = Reaching();
        foreach (WaveView wave in waves.Where(wave => reaching.Contains(wave) || IsForNobody(wave)))
        {
            if (!reaching.Contains(wave))
            {
                yield return At(Api.Phase.Issuing, null, wave);
                continue;
            }

            if (gate == Gate.G2)
            {
                Move(PlanWaits.Before(policy, Gate.G2, soak), TimeSpan.Zero);
                soak = policy.WaveSoak;
            }

            yield return At(Api.Phase.Issuing, gate, wave);
            gate = Gate.G2;
        }

        // A proxy that goes away just before its wave keeps its old leaf until that expires.
        Move(TimeSpan.Zero, outlasting);
        yield return At(Api.Phase.Drained, null);
        if (kind == RotationKind.Planned)
        {
            Move(PlanWaits.Before(policy, Gate.G3, PlanWaits.Drop(policy)), TimeSpan.Zero);
            yield return At(Api.Phase.Removing, Gate.G3);
        }

        yield return At(Api.Phase.Steady, Gate.G4);
    }

    private IEnumerable<ForecastTime> Emergency()
    {
        bool forced = policy.ForceAtDeadlines;
        _worst = now + policy.SignDeadline;
        WaveView all = new(1, null, Begun: false, waves.Sum(wave => wave.Proxies), 0, 0, 0);
        yield return At(Api.Phase.Issuing, Gate.G1, all) with { WorstIsCertain = forced };
        _worst = now + policy.DropDeadline;
        yield return At(Api.Phase.Removing, Gate.G3) with { WorstIsCertain = forced };
        Move(policy.MaxConnectionAge, outlasting);
        yield return At(Api.Phase.Steady, Gate.G4) with { WorstIsCertain = forced };
    }

    // A wave that would reach nobody is passed over at once; the last one is there even so.
    private List<WaveView> Reaching()
    {
        List<WaveView> reaching = [.. waves.Where(wave => wave.Proxies > 0)];
        return reaching.Count > 0 ? reaching : [.. waves.TakeLast(1)];
    }

    /// <summary>Whoever wrote the selector meant somebody: a wave of numbers that earlier waves have filled is nothing to tell of.</summary>
    public static bool IsForNobody(WaveView wave) => wave is { Proxies: 0, Extent.Selector: not null };

    private ForecastTime At(Api.Phase phase, Gate? gate, WaveView? wave = null) => new(phase, wave, gate, _earliest, _worst);

    private void Move(TimeSpan wait, TimeSpan absent)
    {
        _earliest += wait;
        _worst += wait + absent;
    }

    private void NotBefore(DateTimeOffset? time)
    {
        if (time is { } limit)
        {
            _earliest = _earliest < limit ? limit : _earliest;
            _worst = _worst < limit ? limit : _worst;
        }
    }
}
