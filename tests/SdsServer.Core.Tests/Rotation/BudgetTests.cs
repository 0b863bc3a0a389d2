using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>One budget for every leaf, and what comes first when it is short.</summary>
public sealed class BudgetTests
{
    [Fact]
    public void No_more_leaves_are_begun_in_a_second_than_the_budget_allows()
    {
        EngineWorld world = new(new FleetPolicy { IssuesPerSecond = 10 });
        List<Sidecar> fleet = [];
        for (int i = 0; i < 100; i++)
        {
            Sidecar sidecar = world.Sidecar($"p{i}");
            sidecar.Open(SecretKind.Bundle);
            sidecar.Open(SecretKind.Leaf);
            fleet.Add(sidecar);
        }

        world.Pass(1);
        Assert.InRange(world.Effects.OfType<SignLeaf>().Count(), 10, 21);
        world.Pass(4);
        Assert.InRange(world.Effects.OfType<SignLeaf>().Count(), 50, 61);
        world.Pass(6);
        Assert.Equal(100, world.Effects.OfType<SignLeaf>().Count());
    }

    [Fact]
    public void Leaves_about_to_expire_come_first_then_joiners_then_the_waves()
    {
        EngineWorld world = new(new FleetPolicy { IssuesPerSecond = 1 }, lifetime: TimeSpan.FromHours(1));
        Sidecar expiring = world.Sidecar("expiring").Start();
        expiring.Leaf.Close();
        world.Pass(TimeSpan.FromMinutes(55));
        foreach (int number in Enumerable.Range(0, 4))
        {
            world.Sidecar($"mover{number}").Start();
            world.Pass(5);
        }

        world.Rotate("b", EngineWorld.Manual with { MaxInFlight = 9 });
        world.Pass(5);
        world.Effects.Clear();
        world.Advance(Gate.G1);
        Sidecar joiner = world.Sidecar("joiner");
        joiner.Open(SecretKind.Bundle);
        joiner.Open(SecretKind.Leaf);
        world.Pass(0.3);
        ScriptedStream leaf = expiring.Open(SecretKind.Leaf);
        world.Pass(20);
        string[] order = [.. world.Effects.OfType<SignLeaf>().Select(sign => sign.Workload.SpiffeId["spiffe://mesh/".Length..]).Take(6)];
        Assert.StartsWith("mover", order[0], StringComparison.Ordinal);
        Assert.Equal(["expiring", "joiner"], order[1..3]);
        Assert.All(order[3..], name => Assert.StartsWith("mover", name, StringComparison.Ordinal));
        Assert.NotEmpty(leaf.Got);
    }

    // A leaf that waits behind a wave's limit, or a hold, is renewed all the same when its time comes.
    [Fact]
    public void A_proxy_that_waits_for_its_wave_is_renewed_before_its_leaf_expires()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        fleet[0].Leaf.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1, MaxSilentPercent = 100, GateDeadline = TimeSpan.FromDays(1) });
        for (int minute = 0; minute < 120; minute++)
        {
            world.Pass(60);
            Assert.All(fleet[1..], sidecar => Assert.True(sidecar.Instance.Outstanding.Max(row => row.NotAfter) > world.Time.True + TimeSpan.FromMinutes(5)));
        }
    }

    [Fact]
    public void A_slow_signer_delays_no_bundle()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Server.Pace = effect => effect is SignLeaf ? (TimeSpan.FromHours(1), default) : default;
        Sidecar joiner = world.Sidecar("joiner").Start();
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromHours(2) });
        world.Pass(1);
        Assert.All(fleet.Add(joiner), sidecar => Assert.Equal(world.State.Epoch, sidecar.Bundle.Epoch));
        Assert.Empty(joiner.Leaf.Got);
    }

    [Fact]
    public void A_mass_reconnect_asks_for_no_leaves_at_once_and_who_has_none_comes_first()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(60);
        world.Restart(fleet);
        world.Pass(31);
        world.Effects.Clear();
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Return(world.Store.Ledger.Last(row => row.Key == sidecar.Key) is { } row ? $"l{row.Serial}" : null, null);
        }

        Sidecar joiner = world.Sidecar("joiner").Start();
        Assert.NotEmpty(joiner.Leaf.Got);
        Assert.InRange(world.Effects.OfType<SignLeaf>().Count(), 1, 15);
        world.Pass(45);
        Assert.All(fleet, sidecar => Assert.Single(sidecar.Leaf.Got));
    }

    [Fact]
    public void Beyond_its_share_an_identity_renews_what_expires_before_its_newcomers()
    {
        EngineWorld world = new(new FleetPolicy { IssuesPerSecond = 10 }, lifetime: TimeSpan.FromMinutes(10));
        Sidecar first = world.Sidecar("svc").Start();
        world.Pass(TimeSpan.FromMinutes(3.9));
        List<Sidecar> others = [.. Enumerable.Range(0, 5_000).Select(n => world.Sibling(first, $"n{n}"))];
        others.ForEach(static sidecar =>
        {
            sidecar.Open(SecretKind.Bundle);
            sidecar.Open(SecretKind.Leaf);
        });
        (string serial, DateTimeOffset end) = (first.Leaf.Serial, first.Instance.Outstanding[0].NotAfter);
        world.Pass(TimeSpan.FromMinutes(6));
        Assert.NotEqual(serial, first.Leaf.Serial);
        Assert.True(world.Engine.JudgedTime < end);
        Assert.Contains(others, static sidecar => sidecar.Instances.All(instance => instance.Outstanding.Length == 0));
    }
}
