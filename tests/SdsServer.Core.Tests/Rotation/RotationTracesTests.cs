using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Traces in which a simpler rule looks right and is not: proof, twins, rollbacks.</summary>
public sealed class RotationTracesTests
{
    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T1")]
    [Fact]
    public void T1_an_ack_of_bytes_that_were_refused_before_a_reconnect_proves_nothing()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b");
        string refused = proxy.Bundle.Last.Payload!.Version;
        proxy.Bundle.Nack();

        string leaf = proxy.Leaf.Last.Payload!.Version;
        proxy.Disconnect();
        proxy.Answers = false;
        proxy.Return(leaf, "b1-old");
        world.Pass(60);

        Assert.NotEqual(refused, proxy.Bundle.Last.Payload!.Version);
        Assert.Equal(1, world.Engine.Floor);
        proxy.Bundle.Ack();
        world.Pass(31);
        Assert.Equal(2, world.Engine.Floor);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T2")]
    [Fact]
    public void T2_a_newcomer_and_a_returner_during_issuing_get_the_bundle_first_and_the_leaf_on_its_ack()
    {
        EngineWorld world = new();
        Sidecar member = world.Sidecar("m").Start();
        member.Leaf.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { MaxSilentPercent = 100 });
        world.Pass(1);
        Assert.Equal(RotationPhase.Issuing, world.Engine.Phase);

        Sidecar newcomer = world.Sidecar("n");
        newcomer.Answers = false;
        newcomer.Start();
        Sidecar returner = world.Sidecar("r");
        returner.Answers = false;
        returner.Return("l" + new string('a', 32), "b1-old");
        world.Pass(60);

        Assert.Empty(newcomer.Leaf.Got);
        Assert.Empty(returner.Leaf.Got);
        newcomer.Bundle.Ack();
        returner.Bundle.Ack();
        world.Pass(1);
        Assert.Equal("b", Assert.Single(newcomer.Instance.Outstanding).AuthorityId);
        Assert.Equal("b", Assert.Single(returner.Instance.Outstanding).AuthorityId);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T3")]
    [Fact]
    public void T3_a_silent_stranger_stops_neither_renewals_nor_the_rotation()
    {
        EngineWorld world = new();
        Sidecar member = world.Sidecar("m").Start();
        Sidecar stranger = world.Sidecar("s");
        stranger.Answers = false;
        stranger.Start();
        string first = member.Leaf.Serial;

        world.Pass(TimeSpan.FromHours(15));
        Assert.NotEqual(first, member.Leaf.Serial);
        world.Rotate("b");
        world.Pass(60);

        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
        Assert.Equal("b", world.State.Signer);
        Assert.Empty(stranger.Leaf.Got);
        world.AssertSound();
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T4")]
    [Fact]
    public void T4_what_one_twin_proves_does_not_stand_for_the_other()
    {
        EngineWorld world = new();
        Sidecar one = world.Sidecar("twin").Start();
        Sidecar other = world.Sidecar("twin").Start();
        one.Disconnect();
        world.Rotate("b");
        world.Pass(20);
        Assert.Equal(1, world.Engine.Floor);

        // A third life of the same key: it shows no leaf, so it is not the twin that went away.
        Sidecar again = world.Sidecar("twin").Start();
        world.Pass(40);

        Assert.Equal(3, again.Instances.Count);
        Assert.Equal(1, world.Engine.Floor);
        Assert.Equal(BlockerReason.Absent, Assert.Single(world.Engine.AllBlockers()).Reason);
        Assert.NotEmpty(other.Leaf.Got);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T5")]
    [Fact]
    public void T5_with_two_sources_for_one_name_the_slower_one_decides()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        ScriptedStream second = proxy.Streams[1];
        second.Answers = false;
        world.Rotate("b");
        world.Pass(120);

        Assert.Equal(1, world.Engine.Floor);
        second.Ack();
        world.Pass(1);
        Assert.Equal(2, world.Engine.Floor);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T6")]
    [Fact]
    public void T6_a_leaf_that_a_slow_signer_returns_after_a_rollback_never_leaves()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Server.Pace = effect => effect is SignLeaf { AuthorityId: "b" } ? (default, TimeSpan.FromSeconds(20)) : default;
        world.Rotate("b");
        world.Pass(1);
        Assert.Equal("b", world.State.Signer);

        world.Turn(RotationGoal.Back);
        world.Pass(60);

        Assert.Equal("a", world.State.Signer);
        Assert.DoesNotContain(world.Store.Ledger, row => row.AuthorityId == "b");
        Assert.Equal("a", Assert.Single(proxy.Instance.Outstanding).AuthorityId);
        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T6")]
    [Fact]
    public void T6_a_row_that_reaches_the_ledger_after_a_rollback_is_refused()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Server.Pace = effect => effect is WriteLedger { Insert.Row.AuthorityId: "b" } ? (TimeSpan.FromSeconds(20), default) : default;
        world.Rotate("b");
        world.Pass(1);
        Assert.Contains(world.Effects, effect => effect is WriteLedger { Insert.Row.AuthorityId: "b" });

        world.Turn(RotationGoal.Back);
        world.Pass(60);

        Assert.DoesNotContain(world.Store.Ledger, row => row.AuthorityId == "b");
        Assert.All(proxy.Leaf.Got, delivery => Assert.Equal("a", world.Store.Ledger.Single(row => "l" + row.Serial == delivery.Payload!.Version).AuthorityId));
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T7")]
    [Fact]
    public void T7_back_from_removing_waits_for_everyone_again_also_twice()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        Sidecar slow = world.Sidecar("s").Start();
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromSeconds(5) });
        world.Pass(2);
        slow.Bundle.Answers = false;
        world.Pass(10);
        Assert.Equal(RotationPhase.Removing, world.Engine.Phase);
        Assert.Equal("B", world.Bundle);

        world.Turn(RotationGoal.Back);
        Assert.Equal("B,A", world.Bundle);
        Assert.Equal(4, world.State.Root("A").Since);
        world.Pass(20);
        Assert.Equal("b", world.State.Signer);

        world.Turn(RotationGoal.Forward);
        world.Pass(10);
        Assert.Equal("B", world.Bundle);
        world.Turn(RotationGoal.Back);
        Assert.Equal(6, world.State.Root("A").Since);
        world.Pass(20);
        Assert.Equal("b", world.State.Signer);

        slow.Bundle.Answers = true;
        slow.Bundle.Ack();
        world.Pass(60);
        Assert.Equal(("a", RotationPhase.Steady), (world.State.Signer, world.Engine.Phase));
        Assert.Equal("A", world.Bundle);
        Assert.Equal("a", Assert.Single(proxy.Instance.Outstanding).AuthorityId);
        world.AssertSound();
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T8")]
    [Fact]
    public void T8_the_floor_waits_for_a_follower_that_may_still_hand_out_an_older_bundle()
    {
        EngineWorld world = new();
        world.Fleet(3);
        world.Server.Post(new ReplicaAcknowledged("follower", 1));
        world.Rotate("b");
        world.Pass(60);

        Assert.Equal(1, world.Engine.Floor);
        Assert.Equal(BlockerReason.StaleReplica, Assert.Single(world.Engine.AllBlockers()).Reason);
        world.Server.Post(new ReplicaAcknowledged("follower", 2));
        world.Pass(1);
        Assert.True(world.Engine.Floor >= 2);

        world.Server.Post(new ReplicaEnded("follower"));
        world.Pass(10);
        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
    }
}
