using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Tests.Hostile;

/// <summary>
/// A workload with an identity of its own does its worst through a whole rotation, over the real wire. Time is the server's: how fast the
/// machine is changes nothing.
/// </summary>
public sealed class CallerAttackTests
{
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan s_skew = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_quarantine = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_slow = TimeSpan.FromMinutes(2);

    // How long it can hold one gate: it is given leaves until it is quarantined, and its last one must expire. Then the plan's own waits.
    private static readonly TimeSpan s_bound = s_quarantine + s_life + s_skew + TimeSpan.FromMinutes(1);

    private static readonly Lazy<Task<Outcome>> s_alone = new(() => RunAsync(null, isDelta: false));

    /// <summary>Each manner in state of the world and, where it can be said there, in delta.</summary>
    public static TheoryData<string, bool> Attacks
    {
        get
        {
            TheoryData<string, bool> attacks = [];
            foreach ((string name, CallerAttack attack) in CallerAttacks.All)
            {
                attacks.Add(name, false);
                if (!attack.NeedsVersion)
                {
                    attacks.Add(name, true);
                }
            }

            return attacks;
        }
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task It_opens_no_gate_delays_nobody_and_holds_a_gate_no_longer_than_its_own_last_leaf(string attack, bool isDelta)
    {
        Outcome alone = await s_alone.Value;
        Outcome attacked = await RunAsync(CallerAttacks.All[attack], isDelta);

        Assert.True(attacked.Acts > 0, "the attack did not happen");
        Assert.InRange(alone.LongestGate, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.InRange(attacked.LongestGate, TimeSpan.Zero, s_bound);
        Assert.True(attacked.Renewals >= 8, string.Create(CultureInfo.InvariantCulture, $"only {attacked.Renewals} renewals: they show too little"));
        Assert.InRange(attacked.Latest, TimeSpan.Zero, alone.Latest + (s_step * 2));
    }

    private static async Task<Outcome> RunAsync(CallerAttack? attack, bool isDelta)
    {
        await using MeshHost host = await MeshHost.StartAsync(
            fleet => fleet with { IssuesPerSecond = 2, MaxSkew = s_skew, QuarantineAfter = s_quarantine, MaxNackBackoff = TimeSpan.FromSeconds(5) }, s_life);
        WireProxy[] fleet = [.. Enumerable.Range(0, 5).Select(number => new WireProxy(host, string.Create(CultureInfo.InvariantCulture, $"svc{number}")).Start())];
        await using Fleet honest = new(host, fleet);
        await honest.JoinAsync();
        await using Attacker attacker = new(host, fleet[0], isDelta);
        await (attack?.Begin(attacker) ?? Task.CompletedTask);
        fleet[^1].Hold();
        await host.RotateAsync(new RotationPolicy
        {
            TrustSoak = TimeSpan.Zero,
            Waves = [Wave.Of(new WaveSelector("/svc0")), Wave.Of(new WaveSelector("/hostile"))],
            CanarySoak = TimeSpan.FromSeconds(20),
            WaveSoak = TimeSpan.FromSeconds(20),
            DropSoak = TimeSpan.Zero,
            GateDeadline = TimeSpan.FromDays(1),
        });
        DateTimeOffset start = host.Time.GetUtcNow();
        while (host.Time.GetUtcNow() - start < s_slow)
        {
            await StepAsync();
        }

        IReadOnlyList<Blocker> blockers = await host.ReadAsync(engine => engine.AllBlockers());
        Assert.Equal((RotationPhase.Distributing, 1L), await host.ReadAsync(engine => (engine.Phase, engine.Floor)));
        Assert.Contains(blockers, blocker => (blocker.SpiffeId, blocker.Reason) == (fleet[^1].SpiffeId, BlockerReason.PendingAck));
        Assert.Equal(attack?.StandsInTheWay ?? false, blockers.Any(blocker => blocker.SpiffeId == MeshHost.IdOf(Attacker.Who)));
        Assert.DoesNotContain(blockers, blocker => fleet[..^1].Any(proxy => proxy.SpiffeId == blocker.SpiffeId));
        await fleet[^1].ReleaseAsync();
        TimeSpan longest = TimeSpan.Zero;
        (long Move, DateTimeOffset At) last = (await MovesAsync(), host.Time.GetUtcNow());
        while (await host.ReadAsync(engine => engine.State.Plan) is not null && longest <= s_bound * 2)
        {
            await StepAsync();
            longest = host.Time.GetUtcNow() - last.At > longest ? host.Time.GetUtcNow() - last.At : longest;
            last = await MovesAsync() is var move && move > last.Move ? (move, host.Time.GetUtcNow()) : last;
        }

        await honest.AssertWholeAsync();

        // Until everybody has been renewed twice, rotation or not.
        while (host.Time.GetUtcNow() - start < s_life * 2)
        {
            await StepAsync();
        }

        return new Outcome(longest, honest.Latest, honest.Renewals, attacker.Acts);

        // What a gate lets through: roots added and dropped, waves, the end.
        Task<long> MovesAsync() => host.ReadAsync(engine => engine.State.Epoch + engine.State.SignerRevision + engine.State.Past.Length);

        async Task StepAsync()
        {
            await (attack?.Each(attacker) ?? Task.CompletedTask);
            await honest.NoteDueAsync();
            await host.PassAsync(s_step);
            await honest.SettleAsync();
        }
    }

    /// <param name="LongestGate">How long the plan stood at one gate, from when the slow honest proxy had answered.</param>
    /// <param name="Latest">How late the latest renewal of an honest proxy came.</param>
    private sealed record Outcome(TimeSpan LongestGate, TimeSpan Latest, int Renewals, int Acts);
}
