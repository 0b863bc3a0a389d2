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
    public void A_leaf_that_the_clock_overtook_on_its_way_to_the_ledger_is_renewed_in_time_once_the_clock_is_back()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        (string leaf, string bundle) = (proxy.Leaf.Accepted!, proxy.Bundle.Accepted!);
        world.Server.Pace = static effect => effect is WriteLedger or SignLeaf ? (TimeSpan.FromMinutes(10), default) : default;
        while (world.Effects.OfType<WriteLedger>().Count() < 2)
        {
            world.Pass(60);
        }

        world.Time.WallError = TimeSpan.FromHours(25);
        world.Pass(TimeSpan.FromMinutes(11));
        proxy.Disconnect();
        world.Time.WallError = TimeSpan.Zero;
        world.Pass(TimeSpan.FromMinutes(15));
        proxy.Return(leaf, bundle);
        world.Pass(TimeSpan.FromMinutes(1));
        LedgerRow second = world.Store.Ledger.Single(row => row.Serial == proxy.Leaf.Serial);
        Assert.NotEqual(leaf, second.Serial);
        world.Pass(second.NotAfter - world.Time.True - TimeSpan.FromMinutes(30));
        Assert.NotEqual(second.Serial, proxy.Leaf.Serial);
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

    [Trait("Rule", "E14.11")]
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

    // The new root signs nothing, and the old one nothing but what is due: distribution is no occasion to touch leaves.
    [Trait("Rule", "E14.11")]
    [Fact]
    public void While_a_root_is_distributed_leaves_are_renewed_when_due_and_newcomers_get_their_first_and_nothing_else_is_issued()
    {
        EngineWorld world = new();
        List<Sidecar> fleet = [.. world.Fleet(20)];
        world.Pass(TimeSpan.FromHours(4));
        fleet.AddRange(Enumerable.Range(0, 20).Select(number => world.Sidecar($"later{number}").Start()));
        Dictionary<string, LedgerRow> held = world.Store.Ledger.ToDictionary(row => row.InstanceId);
        world.Effects.Clear();
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromHours(18), GateDeadline = TimeSpan.FromDays(9) });
        world.Pass(60);
        Assert.Empty(world.Effects.OfType<SignLeaf>());
        Sidecar newcomer = world.Sidecar("newcomer").Start();
        int issued = 0;
        for (int minute = 0; minute < 15 * 60; minute++)
        {
            world.Effects.Clear();
            world.Pass(60);
            foreach (WriteLedger write in world.Effects.OfType<WriteLedger>())
            {
                LedgerRow row = write.Insert.Row;
                LedgerRow before = held[row.InstanceId];
                Assert.InRange((world.Time.True - before.NotBefore) / (before.NotAfter - before.NotBefore), 0.38, 0.62);
                Assert.Equal("a", row.AuthorityId);
                held[row.InstanceId] = row;
                issued++;
            }

            foreach (LedgerRow row in world.Store.Ledger)
            {
                held.TryAdd(row.InstanceId, row);
            }
        }

        Assert.Equal(RotationPhase.Distributing, world.Engine.Phase);
        Assert.Equal(fleet.Count + 1, issued);
        Assert.All(fleet.Append(newcomer), sidecar => Assert.Equal(2, sidecar.Leaf.Got.Count));
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
}
