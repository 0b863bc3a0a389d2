using System.Diagnostics;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Who gets a leaf, and when.</summary>
public sealed class IssuingTests
{
    [Fact]
    public void Leaves_are_renewed_at_half_their_life_give_or_take_a_tenth()
    {
        EngineWorld world = new();
        Sidecar[] fleet = [.. world.Fleet(50)];
        world.Pass(TimeSpan.FromHours(9.5));
        Assert.All(fleet, sidecar => Assert.Single(sidecar.Leaf.Got));
        world.Pass(TimeSpan.FromHours(2.5));
        Assert.InRange(fleet.Count(sidecar => sidecar.Leaf.Got.Count == 2), 10, 40);
        world.Pass(TimeSpan.FromHours(2.5));
        Assert.All(fleet, sidecar => Assert.Equal(2, sidecar.Leaf.Got.Count));
        Assert.All(fleet, sidecar => Assert.Single(sidecar.Instance.Outstanding));
    }

    // Either the clock was wrong or it is: a virtual machine that slept finds it right, one that got a wrong answer does not.
    [Theory]
    [InlineData(12)]
    [InlineData(100)]
    [InlineData(-12)]
    [InlineData(-100)]
    public void While_the_wall_clock_is_in_doubt_leaves_are_valid_by_either_clock_and_renewed_in_time(int hours)
    {
        EngineWorld world = new();
        Sidecar[] fleet = [.. world.Fleet(5)];
        world.Pass(TimeSpan.FromHours(1));
        world.Time.WallError = TimeSpan.FromHours(hours);
        world.Pass(TimeSpan.FromHours(1));
        Sidecar joiner = world.Sidecar("joiner").Start();

        for (int hour = 0; hour < 40; hour++)
        {
            world.Pass(TimeSpan.FromHours(1));
            Assert.All([.. fleet, joiner], sidecar =>
            {
                LedgerRow held = world.Store.Ledger.Single(row => row.Serial == sidecar.Leaf.Serial);
                Assert.InRange(world.Time.True, held.NotBefore, held.NotAfter - TimeSpan.FromHours(1));
                Assert.True(held.NotAfter - world.Time.Now.Utc > TimeSpan.FromHours(1), $"hour {hour}: over by the wall clock");
            });
        }

        Assert.All([.. fleet, joiner], sidecar => Assert.InRange(sidecar.Leaf.Got.Count, 2, 7));
    }

    [Fact]
    public void A_ledger_that_takes_no_rows_is_noted_once_and_issuing_goes_on_when_it_does()
    {
        EngineWorld world = new();
        world.Server.Fate = effect => effect is WriteLedger ? EffectFate.Fails : EffectFate.Works;
        Sidecar[] fleet = [.. world.Fleet(20)];
        world.Pass(60);
        Assert.All(fleet, sidecar => Assert.Empty(sidecar.Leaf.Got));
        Assert.Single(world.Notes, note => note.Contains("store out of order", StringComparison.Ordinal));

        world.Server.Fate = _ => EffectFate.Works;
        world.Pass(60);
        Assert.All(fleet, sidecar => Assert.Single(sidecar.Leaf.Got));
        Assert.Single(world.Notes, note => note == "the ledger takes rows again");
    }

    [Fact]
    public void Distributing_a_root_issues_no_leaf_and_a_change_of_intermediate_no_bundle()
    {
        EngineWorld world = new();
        Sidecar[] fleet = [.. world.Fleet(5)];
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromHours(1) });
        world.Pass(60);
        Assert.All(fleet, sidecar => Assert.Equal((2, 1), (sidecar.Bundle.Got.Count, sidecar.Leaf.Got.Count)));

        EngineWorld other = new();
        other.AddIntermediate("a2");
        Sidecar proxy = other.Sidecar("p").Start();
        other.Rotate("a2", kind: RotationKind.Intermediate);
        other.Pass(60);
        Assert.Equal((1, "a2", RotationPhase.Steady), (proxy.Bundle.Got.Count, other.State.Signer, other.Engine.Phase));
        Assert.Equal("a2", Assert.Single(proxy.Instance.Outstanding).AuthorityId);
    }

    [Fact]
    public void A_same_root_change_names_the_leaves_it_waits_for()
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        Sidecar away = world.Sidecar("away").Start();
        string serial = away.Leaf.Serial;
        away.Disconnect();
        world.Rotate("a2", kind: RotationKind.Intermediate);
        world.Pass(10);
        Assert.Contains(serial, Assert.Single(world.Engine.AllBlockers()).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_holds_up_a_plan_is_left_to_age_out_and_the_plan_ends()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar stubborn = world.Sidecar("stubborn").Start();
        stubborn.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromDays(9) });
        world.Pass(TimeSpan.FromHours(23));
        Assert.True(stubborn.Instance.Quarantined);
        Assert.Single(stubborn.Leaf.Got);
        Assert.NotNull(stubborn.Instance.HeldBecause);
        Assert.Equal("a", world.State.Signer);
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void A_proxy_without_a_subscription_to_the_bundle_gets_no_leaf_and_is_told_why()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p");
        proxy.Open(SecretKind.Leaf);
        world.Pass(60);
        Assert.Contains("no subscription to the trust bundle", proxy.Instance.HeldBecause, StringComparison.Ordinal);
        Assert.Empty(world.Store.Ledger);
    }

    [Fact]
    public void An_event_costs_the_same_with_fifty_thousand_proxies_as_with_five_hundred()
    {
        double few = AllocatedPerEvent(500);
        double many = AllocatedPerEvent(50_000);
        Assert.True(many < few * 3, $"{few:0} bytes an event with 500 proxies, {many:0} with 50,000");
    }

    // What an event allocates stands for the work it makes: it does not depend on how busy the machine is.
    private static double AllocatedPerEvent(int proxies)
    {
        EngineWorld world = new(new FleetPolicy { IssuesInFlight = 1_000, IssuesPerSecond = 10_000 });
        world.Server.Seen = _ => { };
        List<Sidecar> fleet = [];
        for (int i = 0; i < proxies; i++)
        {
            Sidecar sidecar = world.Sidecar($"p{i}");
            sidecar.Open(SecretKind.Bundle);
            sidecar.Open(SecretKind.Leaf);
            fleet.Add(sidecar);
        }

        world.Pass(60);
        Debug.Assert(fleet.Count == proxies);
        Assert.Equal(proxies, world.Engine.Summarize().Leaves);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long events = world.Server.Events;
        foreach (Sidecar sidecar in fleet.Take(200))
        {
            sidecar.Streams[1].Close();
            sidecar.Open(SecretKind.Leaf);
        }

        world.Pass(60);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)(world.Server.Events - events);
    }
}
