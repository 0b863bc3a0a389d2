using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>Walks through a rotation that has not begun.</summary>
/// <param name="waves">As they would reach the fleet.</param>
/// <param name="absence">How long members that are away, or go away now, count at most.</param>
/// <param name="outlasting">How long one that goes away later counts.</param>
/// <param name="grace">How long the server's own certificate waits, once the new authority signs for all; zero where it does not.</param>
/// <param name="gateDeadline">A gate that is shut for longer holds the rotation.</param>
internal sealed class ForecastTimes(
    RotationKind kind, RotationPolicy policy, IReadOnlyList<WaveView> waves, TimeSpan absence, TimeSpan outlasting, TimeSpan grace, TimeSpan gateDeadline, DateTimeOffset now)
{
    private DateTimeOffset _earliest;
    private DateTimeOffset _worst;
    private bool _certain = true;

    public IEnumerable<ForecastTime> Steps()
    {
        (_earliest, _worst, _certain) = (now, now, true);
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
        Move(PlanWaits.Before(policy, Gate.G1, trust), kind == RotationKind.Planned ? absence : TimeSpan.Zero, policy.SignNotBefore);
        _earliest = Later(_earliest, policy.SignNotBefore);
        _worst = Later(_worst, policy.SignNotBefore);
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

        // The server's own certificate may follow from the last wave on, and nothing is drained before it has.
        DateTimeOffset follows = _worst + grace;

        // A proxy that goes away just before its wave keeps its old leaf until that expires.
        Move(TimeSpan.Zero, outlasting, grace > TimeSpan.Zero ? follows : null);
        yield return At(Api.Phase.Drained, null);
        if (kind == RotationKind.Planned)
        {
            _worst = Later(_worst, follows);
            Move(PlanWaits.Before(policy, Gate.G3, PlanWaits.Drop(policy)), TimeSpan.Zero);
            yield return At(Api.Phase.Removing, Gate.G3);

            // One that goes away just before may enforce the root until its last leaf has expired.
            Move(TimeSpan.Zero, outlasting);
        }

        yield return At(Api.Phase.Steady, Gate.G4);
    }

    private IEnumerable<ForecastTime> Emergency()
    {
        _certain = policy.ForceAtDeadlines;
        DateTimeOffset signs = now + policy.SignDeadline;
        _earliest = Later(_earliest, policy.SignNotBefore);
        _earliest = policy.ForceAtDeadlines && signs < _earliest ? signs : _earliest;
        _worst = signs;
        WaveView all = new(1, null, Begun: false, waves.Sum(wave => wave.Proxies), 0, 0, 0);
        yield return At(Api.Phase.Issuing, Gate.G1, all);
        _worst = now + policy.DropDeadline;
        yield return At(Api.Phase.Removing, Gate.G3);
        _earliest += policy.MaxConnectionAge;
        _worst = Later(_worst + policy.MaxConnectionAge + outlasting, signs + grace);
        yield return At(Api.Phase.Steady, Gate.G4);
    }

    // A wave that would reach nobody is passed over at once; the last one is there even so.
    private List<WaveView> Reaching()
    {
        List<WaveView> reaching = [.. waves.Where(wave => wave.Proxies > 0)];
        return reaching.Count > 0 ? reaching : [.. waves.TakeLast(1)];
    }

    /// <summary>Whoever wrote the selector meant somebody: a wave of numbers that earlier waves have filled is nothing to tell of.</summary>
    public static bool IsForNobody(WaveView wave) => wave is { Proxies: 0, Extent.Selector: not null };

    private ForecastTime At(Api.Phase phase, Gate? gate, WaveView? wave = null) => new(phase, wave, gate, _earliest, _worst, _certain);

    /// <param name="wait">That the policy sets.</param>
    /// <param name="absent">How long whoever is away keeps the gate shut before that.</param>
    /// <param name="told">Until when the rotation was told to wait: its deadline counts from there.</param>
    private void Move(TimeSpan wait, TimeSpan absent, DateTimeOffset? told = null)
    {
        // What a deadline holds goes on when somebody has looked, and not by itself.
        _certain &= _worst + absent <= Later(_worst, told) + gateDeadline;
        _earliest += wait;
        _worst += wait + absent;
    }

    private static DateTimeOffset Later(DateTimeOffset time, DateTimeOffset? other) => other > time ? other.Value : time;
}
