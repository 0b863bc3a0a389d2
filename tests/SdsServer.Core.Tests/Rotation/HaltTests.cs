using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What a rotation that goes wrong may do to whom it has not reached yet: nothing more (rule E5).</summary>
public sealed class HaltTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(1_000)]
    public void Nobody_follows_who_refuses_while_the_hold_is_being_written(int milliseconds)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = Mute(world, 10);
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1 });
        world.Pass(2);
        world.Server.Pace = effect => effect is SaveState ? (TimeSpan.FromMilliseconds(milliseconds), default) : default;
        Assert.Single(fleet, IsMoving).Leaf.Nack("no such root");
        world.Pass(60);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold?.Cause);
        Assert.Single(fleet, IsMoving);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_an_earlier_term_was_held_by_is_not_healed_by_forgetting_it(bool refuses)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = Mute(world, 5);
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1 });
        world.Pass(2);
        if (refuses)
        {
            Assert.Single(fleet, IsMoving).Leaf.Nack("no such root");
        }

        world.Pass(90);
        HoldCause held = refuses ? HoldCause.Nack : HoldCause.Silent;
        Assert.Equal(held, world.State.Plan!.Hold?.Cause);
        world.Restart(fleet);
        world.Pass(120);
        Assert.Equal(held, world.State.Plan!.Hold?.Cause);
        world.Unhold(held);
        world.Pass(1);
        Assert.Null(world.State.Plan.Hold);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void While_a_wave_is_held_those_it_has_not_reached_are_renewed_by_the_old_authority(bool restarts)
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Server.Pace = effect => restarts && effect is SetLeafState ? (TimeSpan.FromHours(20), default) : default;
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval, MaxInFlight = 1 });
        world.Pass(10);
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = false);
        world.Advance(Gate.G1);
        world.Pass(2);
        Sidecar first = Assert.Single(fleet, IsMoving);
        world.Do(id => new HoldRotation { Id = id, Actor = "op", Reason = "error rate 4 %" });
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = true);
        first.Leaf.Ack();
        world.Pass(1);
        if (restarts)
        {
            // That they have accepted the leaves that they use was not durable yet.
            var held = fleet.Select(static sidecar => (Sidecar: sidecar, Leaf: sidecar.Leaf.Accepted, Bundle: sidecar.Bundle.Accepted)).ToList();
            world.Restart(fleet);
            held.ForEach(static back => back.Sidecar.Return(back.Leaf, back.Bundle));
        }

        world.Pass(TimeSpan.FromHours(3));
        Assert.True(first.IsOn("b"));
        Assert.All(fleet.Where(sidecar => sidecar != first), sidecar => Assert.True(sidecar.IsOn("a")));

        // As soon as the hold is lifted it goes on, without waiting for anybody's renewal.
        world.Unhold();
        world.Pass(120);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
    }

    // One source refuses what the others use, for reasons of its own: that is no reason to move them.
    [Fact]
    public void While_a_wave_is_held_who_refuses_the_leaf_that_it_uses_where_a_source_is_new_gets_another_from_the_old_authority()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval, MaxInFlight = 1 });
        world.Pass(10);
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = false);
        world.Advance(Gate.G1);
        world.Pass(2);
        world.Do(id => new HoldRotation { Id = id, Actor = "op", Reason = "lunch" });
        world.Pass(1);
        Assert.Equal("b", world.State.Signer);
        Sidecar proxy = fleet.First(static sidecar => sidecar.IsOn("a"));
        proxy.Leaf.Answers = true;
        proxy.Answers = false;
        proxy.Open(SecretKind.Leaf, name: "another listener's");
        world.Pass(1);
        proxy.Streams[^1].Nack();
        world.Pass(60);
        Assert.Equal(2, proxy.Streams[^1].Got.Count);
        Assert.True(proxy.IsOn("a"));
    }

    [Theory]
    [InlineData(RotationKind.Planned)]
    [InlineData(RotationKind.Emergency)]
    public void Where_the_new_authority_does_not_sign_the_old_root_stays_whatever_has_expired(RotationKind kind)
    {
        EngineWorld world = new();
        world.Fleet(5);
        world.Server.Fate = effect => effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = kind == RotationKind.Emergency }, kind: kind);
        world.Pass(TimeSpan.FromHours(30));
        Assert.Equal("A,B", world.Bundle);
        Assert.Contains(world.Engine.AllBlockers(), blocker => blocker.Reason == BlockerReason.Signer);
    }

    [Fact]
    public void Where_the_new_authority_does_not_sign_who_would_be_without_a_leaf_gets_one_from_the_old()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        bool broken = true;
        world.Server.Fate = effect => broken && effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", EngineWorld.Quick);
        world.Pass(60);
        Assert.True(world.Sidecar("joiner").Start().IsOn("a"));
        world.Pass(TimeSpan.FromHours(60));
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("a")));

        broken = false;
        world.Unhold();
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal((null, "B"), (world.State.Plan, world.Bundle));
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
    }

    // One that takes its time to fail is being asked for all of it.
    [Theory]
    [InlineData(0)]
    [InlineData(150)]
    public void Where_the_new_intermediate_does_not_sign_the_rotation_does_not_end_whatever_has_expired(int seconds)
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        world.Fleet(3);
        world.Server.Fate = effect => effect is SignLeaf ? EffectFate.Fails : EffectFate.Works;
        world.Server.Pace = effect => effect is SignLeaf ? (TimeSpan.FromSeconds(seconds), default) : default;
        world.Rotate("a2", kind: RotationKind.Intermediate);
        world.Pass(TimeSpan.FromHours(30));
        Assert.Equal((0, "r1"), (world.Engine.Summarize().Leaves, world.State.Plan?.Id));
        Assert.Equal(BlockerReason.Signer, Assert.Single(world.Engine.AllBlockers()).Reason);
    }

    // It has been dropped: who signs by now has no part in whether it is gone.
    [Fact]
    public void A_root_that_is_gone_is_gone_whoever_signs()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar late = world.Sidecar("late").Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(30);
        late.Bundle.Answers = false;
        world.Advance(Gate.G3);
        world.Server.Fate = effect => effect is SignLeaf ? EffectFate.Fails : EffectFate.Works;
        world.Sidecar("joiner").Start();
        world.Pass(10);
        Assert.NotNull(world.Engine.SignerProblem);
        Assert.Equal(late.Instance.Id, Assert.Single(world.Engine.AllBlockers()).InstanceId);
        late.Bundle.Ack();
        world.Pass(1);
        Assert.Null(world.State.Plan);
    }

    [Fact]
    public void Another_authority_that_signs_says_nothing_of_the_one_that_does_not()
    {
        EngineWorld world = new();
        world.Fleet(5);
        world.Server.Fate = effect => effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", EngineWorld.Quick);
        world.Pass(60);
        Assert.True(world.Sidecar("joiner").Start().IsOn("a"));
        Assert.Contains(world.Engine.AllBlockers(), blocker => blocker.Reason == BlockerReason.Signer);
        Assert.Single(world.Notes, note => note.StartsWith("issuing stops", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void Who_dies_of_its_new_leaf_lets_the_next_wave_wait_for_the_whole_soak(bool isSelected, int replaced)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Sidecar canary = world.Sidecar("canary").Start();
        world.Rotate("b", EngineWorld.Quick with { Waves = [isSelected ? Wave.Of(new WaveSelector("/canary")) : Wave.Of(1)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(10);
        fleet.Add(canary).Single(sidecar => sidecar.IsOn("b")).Disconnect();
        world.Pass(TimeSpan.FromMinutes(50));
        Assert.Equal((1, replaced), (world.State.Plan!.WavesBegun, fleet.Add(canary).Count(sidecar => sidecar.Instances.Any(view => view.Connected) && sidecar.IsOn("b"))));
        world.Pass(TimeSpan.FromMinutes(15));
        Assert.Equal(2, world.State.Plan?.WavesBegun ?? 2);
    }

    [Fact]
    public void A_proxy_keeps_its_wave_when_its_labels_change()
    {
        EngineWorld world = new();
        world.Fleet(3);
        ImmutableSortedDictionary<string, string> labels = ImmutableSortedDictionary<string, string>.Empty.Add("canary", "yes");
        Sidecar canary = world.Sidecar("c", traits: ProxyTraits.Of("spiffe://mesh/c", labels: labels)).Start();
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(new WaveSelector(Labels: labels))], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(30);
        Assert.True(canary.IsOn("b"));
        world.Server.Open(
            new SubscriptionOpened(world.NextSubscription(), canary.Connection, canary.Key, canary.Workload, SecretKind.TicketKeys, "tickets", null, "1.40.0") { Traits = ProxyTraits.Of("spiffe://mesh/c") },
            new SubscriptionPort(_ => { }, () => { }));
        world.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal((1, true), (world.State.Plan?.WavesBegun, canary.IsOn("b")));
    }

    // One by one that may be for days; a context that Envoy adds meanwhile must not wait so long for a leaf.
    [Fact]
    public void Who_waits_for_its_turn_is_sent_the_leaf_that_it_has_on_a_stream_that_comes_since()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1, TrustGate = GatePolicy.Approval });
        world.Pass(5);
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = false);
        world.Advance(Gate.G1);
        world.Pass(5);
        Sidecar waiting = fleet.First(static sidecar => sidecar.Leaf.Got.Count == 1);
        ScriptedStream another = waiting.Open(SecretKind.Leaf, name: "Leaf2");
        world.Pass(1);
        Assert.Equal(waiting.Leaf.Accepted, Assert.Single(another.Versions));
    }

    // Its last leaf is in the ledger, and went down with the server before it was sent. The one that it uses comes to its end.
    [Fact]
    public void Whose_last_leaf_was_lost_with_the_server_gets_one_from_the_old_while_the_new_does_not_sign_though_the_rotation_is_held()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(10);
        Assert.True(proxy.IsOn("b"));
        world.Do(id => new HoldRotation { Id = id, Actor = "op", Reason = "lunch" });
        string leaf = proxy.Leaf.Accepted!, bundle = proxy.Bundle.Accepted!;
        world.Server.Fate = effect => effect is WriteLedger ? EffectFate.DiesAfter : EffectFate.Works;
        world.Server.Died = () => { };
        world.Pass(TimeSpan.FromMinutes(56));
        Assert.False(world.Server.Up);

        world.Server.Fate = effect => effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Restart(proxy);
        world.Sidecar("asks b").Start();
        proxy.Return(leaf, bundle);
        world.Pass(60);
        Assert.Contains(proxy.Instance.Outstanding, static row => row.AuthorityId == "a");
    }

    // A leaf of the old authority was lost on its way: the youngest, and nobody uses it.
    [Fact]
    public void Who_was_sent_a_leaf_that_was_lost_gets_another_from_the_old_while_the_new_does_not_sign()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Server.Fate = effect => effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", EngineWorld.Quick);
        world.Pass(10);
        proxy.Leaf.Answers = false;
        string held = proxy.Leaf.Accepted!;
        while (proxy.Leaf.Got.Count < 2)
        {
            world.Pass(TimeSpan.FromMinutes(1));
        }

        proxy.Leaf.Close();
        ScriptedStream anew = proxy.Open(SecretKind.Leaf, held, name: proxy.Leaf.Name);
        world.Pass(TimeSpan.FromHours(6));
        Assert.NotEmpty(anew.Got);
    }

    private static ImmutableArray<Sidecar> Mute(EngineWorld world, int count)
    {
        ImmutableArray<Sidecar> fleet = world.Fleet(count);
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Leaf.Answers = false;
        }

        return fleet;
    }

    private static bool IsMoving(Sidecar sidecar) => sidecar.Leaf.Got.Count > 1;
}
