using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Traces in which a simpler rule looks right and is not: sources of one process that come and go apart.</summary>
public sealed class RotationTracesOfSlotsTests
{
    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T16")]
    [Fact]
    public void T16_after_a_server_restart_one_of_two_slots_proves_nothing_for_the_other()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        proxy.Streams[1].Answers = false;
        world.Rotate("b");
        string leaf = proxy.Leaf.Last.Payload!.Version;
        world.Restart(proxy);
        proxy.Return(leaf, "b2-any");
        world.Pass(300);

        Assert.Equal(1, world.Engine.Floor);
        Assert.Contains("1 of its 2", Assert.Single(world.Engine.AllBlockers()).Detail, StringComparison.Ordinal);
        proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(31);
        Assert.Equal(world.State.Epoch, world.Engine.Floor);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T17")]
    [Fact]
    public void T17_a_returner_with_an_expired_leaf_waits_for_its_second_slot()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        proxy.Disconnect();
        world.Pass(TimeSpan.FromHours(25));
        Assert.Empty(proxy.Instances);
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal("B", world.Bundle);

        // The slot that comes first reports nothing; the other, which still enforces {A}, is in its backoff.
        proxy.Return(null, null);
        world.Pass(120);
        Assert.Empty(proxy.Leaf.Got);
        ScriptedStream second = proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(31);
        Assert.Equal(3, second.Epoch);
        Assert.Single(proxy.Leaf.Got);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T18")]
    [Fact]
    public void T18_a_leaf_that_was_refused_counts_also_when_its_process_comes_back_looking_new()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Leaf.Answers = false;
        world.Rotate("b");
        world.Pass(1);
        proxy.Leaf.Nack();
        string refused = proxy.Leaf.Serial;
        proxy.Disconnect();
        proxy.Return(null, null);
        world.Turn(RotationGoal.Back);
        world.Pass(120);

        Assert.Equal("a", world.State.Signer);
        Assert.Equal("A,B", world.Bundle);
        Assert.Equal(2, proxy.Instances.Count);
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        Assert.Contains(refused, blocker.Detail, StringComparison.Ordinal);

        // Fifteen minutes with an accepted leaf, and the older one away as long: it is the same process, or it is gone.
        world.Pass(TimeSpan.FromMinutes(16));
        Assert.Equal("A", world.Bundle);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T18")]
    [Fact]
    public void T18_a_process_that_looks_new_and_holds_no_leaf_yet_ends_nobody_of_its_key()
    {
        EngineWorld world = new();
        Sidecar twin = world.Sidecar("p").Start();
        Sidecar process = world.Sidecar("p").Start();
        // Its connection ends the twin's streams, which come back.
        world.Pass(60);
        process.Leaf.Answers = false;
        world.Rotate("b");
        world.Pass(1);
        process.Leaf.Nack();
        process.Disconnect();
        process.Answers = false;
        process.Return(null, null);
        world.Turn(RotationGoal.Back);
        world.Pass(TimeSpan.FromMinutes(40));

        // The twin has held its leaf for long; but the newcomer may be the very process that seems away.
        Assert.NotEmpty(twin.Leaf.Got);
        Assert.Equal("A,B", world.Bundle);
    }

    [Fact]
    public void A_twin_without_connection_for_a_moment_is_not_gone()
    {
        EngineWorld world = new();
        Sidecar one = world.Sidecar("twin").Start();
        world.Sidecar("twin").Start();
        world.Pass(TimeSpan.FromMinutes(14.9));
        string leaf = one.Leaf.Last.Payload!.Version;
        one.Disconnect();
        world.Pass(29);
        Assert.Equal(2, one.Instances.Count);
        one.Return(leaf, null);
        world.Pass(60);
        Assert.Equal(2, one.Instances.Count);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T19")]
    [Fact]
    public void T19_the_clock_of_a_missing_slot_stands_while_its_process_has_no_connection()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        string leaf = proxy.Leaf.Last.Payload!.Version;
        proxy.Streams[1].Close();
        world.Rotate("b");
        world.Pass(TimeSpan.FromMinutes(10));
        proxy.Disconnect();
        world.Pass(TimeSpan.FromMinutes(30));
        proxy.Return(leaf, "b2-any");
        world.Pass(TimeSpan.FromMinutes(4));
        Assert.Equal(2, proxy.Instance.BundleSlots);
        Assert.Equal(1, world.Engine.Floor);

        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal(1, proxy.Instance.BundleSlots);
        Assert.True(world.Engine.Floor >= 2);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T19")]
    [Fact]
    public void T19_under_strict_absence_a_missing_slot_is_never_given_up()
    {
        EngineWorld world = new(new FleetPolicy { StrictAbsence = true });
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        proxy.Streams[1].Close();
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromDays(3) });
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(2, proxy.Instance.BundleSlots);
        Assert.Equal(1, world.Engine.Floor);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T20")]
    [Fact]
    public void T20_a_process_without_a_leaf_that_returns_after_a_server_restart_with_one_of_two_slots_gets_no_leaf_before_the_other_had_its_time()
    {
        EngineWorld world = new();
        Sidecar member = world.Sidecar("m").Start();
        Sidecar process = world.Sidecar("p");
        process.Open(SecretKind.Bundle);
        process.Open(SecretKind.Bundle);
        world.Pass(1);
        world.Restart(member, process);
        member.Return(member.Key.NodeId, null);
        process.Return(null, "b1-any");
        world.Pass(29);
        Assert.Empty(process.Leaf.Got);

        ScriptedStream second = process.Open(SecretKind.Bundle, "b1-any");
        world.Pass(1);
        Assert.NotEmpty(second.Got);
        Assert.Empty(process.Leaf.Got);
        world.Pass(31);
        Assert.Single(process.Leaf.Got);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T21")]
    [Fact]
    public void T21_a_slot_that_closes_while_another_opens_is_still_counted()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        ScriptedStream hiding = proxy.Streams[1];
        hiding.Answers = false;
        world.Rotate("b");
        hiding.Close();
        proxy.Open(SecretKind.Bundle, name: "Bundle1");
        world.Pass(29);
        Assert.Equal(1, world.Engine.Floor);

        proxy.Answers = false;
        proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(60);
        Assert.Equal(3, proxy.Instance.BundleSlots);
        Assert.Equal(1, world.Engine.Floor);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T22")]
    [Fact]
    public void T22_after_a_server_restart_the_floor_waits_until_every_slot_has_had_time_to_show_up()
    {
        EngineWorld world = new();
        Sidecar member = world.Sidecar("m").Start();
        Sidecar process = world.Sidecar("p");
        process.Open(SecretKind.Bundle);
        world.Pass(1);
        string leaf = member.Leaf.Last.Payload!.Version;
        world.Server.Post(new ReplicaAcknowledged("follower", 1));
        world.Rotate("b");
        world.Pass(1);
        long before = world.Engine.Floor;
        world.Server.Kill();
        member.Disconnect();
        process.Disconnect();
        world.Server.Start();

        // The empty slot comes first and looks like a new process; the one that enforces {A} is the last of its 30 s away.
        member.Return(leaf, "b2-any");
        process.Return(null, null);
        world.Pass(28);
        process.Answers = false;
        ScriptedStream hiding = process.Open(SecretKind.Bundle, "b1-any");
        world.Pass(1);
        Assert.Equal(before, world.Engine.Floor);
        Assert.Empty(process.Leaf.Got);

        // It has shown up in time: it is waited for before the process counts.
        world.Pass(60);
        Assert.Empty(process.Leaf.Got);
        hiding.Answers = true;
        hiding.Ack();
        world.Pass(1);
        Assert.Single(process.Leaf.Got);
    }

    [Fact]
    public void T19_each_missing_slot_has_its_own_time()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 3);
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(1) });
        proxy.Streams[1].Close();
        world.Pass(TimeSpan.FromMinutes(10));
        proxy.Streams[2].Close();
        world.Rotate("b");
        world.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(2, proxy.Instance.BundleSlots);

        // One is back, nobody can tell which: the time of the other counts from when the later one went.
        proxy.Streams[0].Close();
        proxy.Open(SecretKind.Bundle, "b2-any");
        world.Pass(TimeSpan.FromMinutes(8));
        Assert.Equal(2, proxy.Instance.BundleSlots);
        world.Pass(TimeSpan.FromMinutes(8));
        Assert.Equal(1, proxy.Instance.BundleSlots);
    }

    [Fact]
    public void A_slot_that_asks_for_another_name_is_not_the_one_that_is_missing()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        proxy.Streams[1].Close();
        world.Rotate("b");
        proxy.Open(SecretKind.Bundle, name: "Another");
        world.Pass(60);
        Assert.Equal(3, proxy.Instance.BundleSlots);
        Assert.Equal(1, world.Engine.Floor);
        proxy.Open(SecretKind.Bundle, "b1-any", name: "Bundle1");
        world.Pass(31);
        Assert.Equal(3, proxy.Instance.BundleSlots);
        Assert.True(world.Engine.Floor >= 2);
    }

    // Its other source may be on its way back over a link that is dead, which the server does not know yet.
    [Theory]
    [InlineData("ip:192.0.2.7", 59)]
    [InlineData("pod:7", 59)]
    [InlineData("user:1000", 29)]
    [InlineData("process:b/1/7/9", 29)]
    public void Over_a_network_a_set_of_slots_is_quiet_only_after_a_dead_link_would_have_been_noticed(string peer, int seconds)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p", peer: peer).Start(bundles: 2);
        proxy.Streams[1].Close();
        proxy.Open(SecretKind.Bundle, "b1-any", name: "Bundle1");
        world.Rotate("b");
        world.Pass(seconds);
        Assert.Equal(1, world.Engine.Floor);
        world.Pass(2);
        Assert.True(world.Engine.Floor >= 2);
    }

    [Fact]
    public void What_a_process_missed_before_it_was_known_it_misses_after()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Last.Payload!.Version;
        proxy.Disconnect();
        world.Server.Start();
        ScriptedStream slow = proxy.Open(SecretKind.Bundle, "b1-any", name: "Bundle1");
        slow.Close();
        proxy.Open(SecretKind.Bundle, name: "Another");
        proxy.Open(SecretKind.Leaf, leaf);
        Assert.Equal(2, proxy.Instance.BundleSlots);

        world.Rotate("b");
        world.Pass(90);
        long hidden = world.Engine.Floor;
        Assert.True(hidden < world.Engine.State.Epoch);
        proxy.Open(SecretKind.Bundle, "b1-any", name: "Bundle1");
        world.Pass(61);
        Assert.Equal(2, proxy.Instance.BundleSlots);
        Assert.True(world.Engine.Floor > hidden);
    }

    [Fact]
    public void One_process_that_was_taken_for_two_enforces_the_older_of_what_both_did()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        string first = proxy.Leaf.Last.Payload!.Version;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Manual);
        proxy.Return(null, null);
        world.Pass(1);
        string second = proxy.Leaf.Last.Payload!.Version;
        Assert.Equal([1, 2], proxy.Instances.Select(instance => instance.Lo).Order());

        proxy.Disconnect();
        proxy.Open(SecretKind.Leaf, first);
        proxy.Open(SecretKind.Bundle, "b2-any");
        proxy.Open(SecretKind.Leaf, second);
        world.Pass(60);
        Assert.Equal((1, 2), (proxy.Instance.Lo, proxy.Instance.BundleSlots));
        Assert.Equal(1, world.Engine.Floor);
        proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(31);
        Assert.Equal(2, world.Engine.Floor);
    }

    [Fact]
    public void What_a_source_was_sent_before_its_process_was_known_counts_for_the_process()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Last.Payload!.Version;
        Sidecar elsewhere = world.Sidecar("p");
        ScriptedStream early = elsewhere.Open(SecretKind.Bundle, "b1-any");
        early.Answers = false;
        world.Pass(1);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(40);
        Assert.Equal(2, world.Engine.Floor);

        elsewhere.Open(SecretKind.Leaf, leaf);
        world.Pass(1);
        Assert.Equal(1, proxy.Instance.Lo);
    }
}
