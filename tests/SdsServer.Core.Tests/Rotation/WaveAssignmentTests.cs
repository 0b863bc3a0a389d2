using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Which proxies waves reach, without an engine.</summary>
public sealed class WaveAssignmentTests
{
    private static readonly ImmutableArray<WaveCandidate> Fleet = [.. Enumerable.Range(0, 200).Select(Candidate)];

    [Fact]
    public void Numbers_and_shares_say_how_many_have_been_reached_in_all()
    {
        RotationPlan plan = Plan(Wave.Of(1), Wave.OfPercent(10), Wave.OfPercent(50));
        List<int> reached = [];
        for (int wave = 1; wave <= plan.WaveCount; wave++)
        {
            plan = WaveAssignment.Begin(plan, wave, Fleet);
            reached.Add(Reached(plan));
        }

        Assert.Equal([1, 20, 100, 200], reached);
        Assert.Equal(1, plan.CanaryWave);
    }

    // 7 / 100 * 100 is more than 7 where it is reckoned in binary fractions.
    [Theory]
    [InlineData(7, 100, 7)]
    [InlineData(2.2, 500, 11)]
    [InlineData(0.1, 200, 1)]
    public void A_share_is_rounded_up_and_not_beyond(double percent, int proxies, int expected)
    {
        List<WaveCandidate> fleet = [.. Enumerable.Range(0, proxies).Select(Candidate)];
        RotationPlan begun = WaveAssignment.Begin(Plan(Wave.OfPercent(percent)), 1, fleet);
        Assert.Equal(expected, fleet.Count(proxy => WaveAssignment.Reaches(begun, proxy.Place, proxy.Traits)));
    }

    [Fact]
    public void Whoever_has_been_reached_stays_reached()
    {
        RotationPlan plan = Plan(Wave.Of(3), Wave.Of(new WaveSelector("/ns/shop")), Wave.OfPercent(60));
        HashSet<ulong> before = [];
        for (int wave = 1; wave <= plan.WaveCount; wave++)
        {
            plan = WaveAssignment.Begin(plan, wave, Fleet);
            HashSet<ulong> now = [.. Fleet.Where(proxy => WaveAssignment.Reaches(plan, proxy.Place, proxy.Traits)).Select(proxy => proxy.Place)];
            Assert.Superset(before, now);
            before = now;
        }
    }

    [Fact]
    public void A_wave_that_reaches_nobody_new_is_left_out_and_the_last_one_never_is()
    {
        RotationPlan plan = Plan(Wave.Of(1), Wave.OfPercent(1), Wave.OfPercent(10), Wave.OfPercent(50));
        RotationPlan two = WaveAssignment.Begin(WaveAssignment.Begin(plan, 1, Fleet[..2]), 2, Fleet[..2]);
        Assert.Equal((5, ulong.MaxValue), (two.WavesBegun, two.ReachedBelow));
        RotationPlan none = WaveAssignment.Begin(plan, 1, []);
        Assert.Equal((5, ulong.MaxValue, 5), (none.WavesBegun, none.ReachedBelow, none.CanaryWave));
    }

    // Whoever says yes to a wave has not said it to the one behind it.
    [Fact]
    public void Where_somebody_is_asked_about_each_wave_one_that_selects_nobody_is_begun_and_only_a_deserted_one_is_passed_over()
    {
        RotationPlan plan = Plan(new Wave { Selector = new WaveSelector { PathPrefix = "/nobody" } }, Wave.OfPercent(50));
        RotationPlan empty = WaveAssignment.Begin(plan, 1, Fleet, exactly: true);
        Assert.Equal((1, 0, 0), (empty.WavesBegun, empty.CanaryWave, Reached(empty)));
        RotationPlan half = WaveAssignment.Begin(empty, 1, Fleet, exactly: true);
        Assert.Equal((2, 2, Fleet.Length / 2), (half.WavesBegun, half.CanaryWave, Reached(half)));
        Assert.Equal((2, 2), (WaveAssignment.Begin(plan, 1, Fleet).WavesBegun, WaveAssignment.Begin(plan, 1, Fleet).CanaryWave));

        RotationPlan filled = WaveAssignment.Begin(Plan(Wave.Of(1), Wave.OfPercent(0.5), Wave.OfPercent(50)), 1, Fleet, exactly: true);
        Assert.Equal(3, WaveAssignment.Begin(filled, 2, Fleet, exactly: true).WavesBegun);
    }

    [Fact]
    public void When_the_canary_has_gone_the_same_wave_reaches_another()
    {
        RotationPlan plan = WaveAssignment.Begin(Plan(Wave.Of(1)), 1, Fleet);
        WaveCandidate canary = Fleet.Single(proxy => WaveAssignment.Reaches(plan, proxy.Place, proxy.Traits));
        RotationPlan again = WaveAssignment.Begin(plan, 1, Fleet.Remove(canary));
        Assert.Equal((1, 2), (again.WavesBegun, Reached(again)));
    }

    [Theory]
    [InlineData("/ns/shop", "", "", "", true)]
    [InlineData("/ns/shop/", "", "", "", true)]
    [InlineData("/ns/sho", "", "", "", false)]
    [InlineData("", "shop", "", "", true)]
    [InlineData("", "sho", "", "", false)]
    [InlineData("", "", "east", "", true)]
    [InlineData("", "", "west", "", false)]
    [InlineData("", "", "", "web", true)]
    [InlineData("", "", "", "db", false)]
    [InlineData("/ns/shop", "shop", "east", "web", true)]
    [InlineData("/ns/shop", "shop", "west", "web", false)]
    public void A_selector_asks_for_everything_it_names(string path, string space, string cluster, string tier, bool matches)
    {
        ProxyTraits proxy = ProxyTraits.Of("spiffe://mesh/ns/shop/sa/cart", "east", Labels("web"));
        Assert.Equal(matches, new WaveSelector(path, space, cluster, tier.Length == 0 ? null : Labels(tier)).Matches(proxy));
    }

    [Fact]
    public void Places_are_spread_evenly_and_differ_between_plans()
    {
        int low = Fleet.Count(proxy => proxy.Place < ulong.MaxValue / 2);
        Assert.InRange(low, 70, 130);
        Assert.NotEqual(WaveAssignment.PlaceOf("one", "spiffe://mesh/x", "n"), WaveAssignment.PlaceOf("two", "spiffe://mesh/x", "n"));
        Assert.Equal(WaveAssignment.PlaceOf("one", "spiffe://mesh/x", "n"), WaveAssignment.PlaceOf("one", "spiffe://mesh/x", "n"));
    }

    private static WaveCandidate Candidate(int number)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"spiffe://mesh/ns/{(number % 7 == 0 ? "shop" : "rest")}/sa/{number}");
        return new WaveCandidate(WaveAssignment.PlaceOf("r", id, "n"), ProxyTraits.Of(id));
    }

    private static ImmutableSortedDictionary<string, string> Labels(string tier) => ImmutableSortedDictionary<string, string>.Empty.Add("tier", tier);

    private static int Reached(RotationPlan plan) => Fleet.Count(proxy => WaveAssignment.Reaches(plan, proxy.Place, proxy.Traits));

    private static RotationPlan Plan(params ImmutableArray<Wave> waves) => new()
    {
        Id = "r",
        RequestId = "r",
        Kind = RotationKind.Planned,
        From = "a",
        To = "b",
        Policy = new RotationPolicy { Waves = waves },
        StartedAt = Mesh.Born,
        StartedBy = "op",
        StepSince = Mesh.Born,
        SignerRevisionAtStart = 0,
    };
}
