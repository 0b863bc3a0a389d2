using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>A root is stolen (rule E10).</summary>
public sealed class EmergencyTests
{
    private static readonly RotationPolicy Emergency = EngineWorld.Quick with { TrustSoak = TimeSpan.FromHours(1), DropSoak = TimeSpan.FromHours(1) };

    [Fact]
    public void It_moves_everyone_at_once_without_soaks_and_ends_when_connections_have()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Assert.Equal(CommandStatus.Done, world.Rotate("b", Emergency with { MaxConnectionAge = TimeSpan.FromMinutes(30), Waves = RotationPolicy.UsualWaves }, kind: RotationKind.Emergency).Status);
        Assert.True(world.State.Authority("a").Tainted);
        world.Pass(10);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
        Assert.Equal(("B", RotationPhase.Removing), (world.Bundle, world.Engine.Phase));
        world.Pass(TimeSpan.FromMinutes(29));
        Assert.NotNull(world.State.Plan);
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Null(world.State.Plan);
        world.AssertSound();
    }

    [Fact]
    public void The_stolen_authority_signs_only_while_no_other_can_and_never_again()
    {
        EngineWorld world = new();
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", Emergency with { SignDeadline = TimeSpan.FromHours(1), DropDeadline = TimeSpan.FromHours(2), SignNotBefore = Mesh.Born.AddMinutes(30) }, kind: RotationKind.Emergency);
        Sidecar early = world.Sidecar("early").Start();
        Assert.True(early.IsOn("a"));

        // Everyone trusts the new root now; the plan itself may not sign yet, but nothing more is signed under the stolen one.
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(10);
        Assert.Equal("a", world.State.Signer);
        Assert.True(world.Sidecar("joiner").Start().IsOn("b"));
        Assert.True(early.IsOn("b"));

        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Null(world.State.Plan);
        Assert.Equal((CommandStatus.Refused, "unfit_root"), (world.Rotate("a").Status, world.Rotate("a").Refusal?.Code));
    }

    [Fact]
    public void It_takes_the_place_of_a_plan_that_is_held()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(2)], WaveSoak = TimeSpan.FromHours(1), CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(10);
        world.Do(id => new HoldRotation { Id = id, Actor = "op" });
        Assert.Equal(CommandStatus.Refused, world.Rotate("b").Status);
        Assert.Equal(CommandStatus.Invalid, world.Rotate("b", Emergency, kind: RotationKind.Emergency).Status);
        Assert.Equal(CommandStatus.Done, world.Rotate("b", Emergency, kind: RotationKind.Emergency, compromised: "a").Status);
        world.Pass(60);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
        Assert.Equal(("B", null), (world.Bundle, world.State.Plan));
        Assert.True(world.State.Past[1].Preempted);
        Assert.False(world.State.Past[0].Preempted);
        world.AssertSound();
    }

    [Fact]
    public void Where_the_new_root_is_stolen_in_the_middle_of_a_rotation_everyone_goes_back()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(2)], WaveSoak = TimeSpan.FromHours(1), CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(10);
        Assert.Equal(2, fleet.Count(sidecar => sidecar.IsOn("b")));
        Assert.Equal(CommandStatus.Done, world.Rotate("a", Emergency, kind: RotationKind.Emergency, compromised: "b").Status);
        world.Pass(60);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("a")));
        Assert.Equal(("A", null), (world.Bundle, world.State.Plan));
        world.AssertSound();
    }

    [Fact]
    public void The_log_names_everybody_who_was_passed_over()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar[] late = [.. Enumerable.Range(0, Refusal.MaxBlockers + 1).Select(n => world.Sidecar($"late{n}").Start())];
        Array.ForEach(late, static sidecar => sidecar.Bundle.Answers = false);
        world.Rotate("b", Emergency with { ForceAtDeadlines = true, SignDeadline = TimeSpan.FromSeconds(5) }, kind: RotationKind.Emergency);
        world.Pass(10);
        string reason = world.Store.Log.First(static entry => entry.Kind == DecisionKind.OverrideGate).Reason;
        Assert.All(late, sidecar => Assert.Contains(sidecar.Instance.Id, reason, StringComparison.Ordinal));
    }

    [Fact]
    public void It_does_not_turn_back_to_the_stolen_root()
    {
        EngineWorld world = new();
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", Emergency, kind: RotationKind.Emergency);
        Assert.Equal(CommandStatus.Refused, world.Turn(RotationGoal.Back).Status);
        Assert.Equal(RotationGoal.Forward, world.State.Plan!.Goal);
    }

    [Fact]
    public void A_third_root_that_nothing_needs_makes_room_and_one_that_is_needed_is_proposed()
    {
        EngineWorld world = new();
        world.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b");
        world.Pass(1);
        late.Bundle.Answers = true;
        Assert.Equal("A,B", world.Bundle);
        Assert.Equal(CommandStatus.Done, world.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "a").Status);
        Assert.Equal("A,C", world.Bundle);
        late.Bundle.Ack();
        world.Pass(60);
        Assert.Equal(("C", null), (world.Bundle, world.State.Plan));

        EngineWorld half = new();
        half.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        half.Fleet(4);
        half.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(2)], CanarySoak = TimeSpan.FromHours(1) });
        half.Pass(10);
        CommandOutcome refused = half.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "a");
        Assert.Equal((CommandStatus.Refused, "too_many_roots"), (refused.Status, refused.Refusal?.Code));
        Assert.False(half.State.Authority("a").Tainted);
    }

    [Fact]
    public void Nothing_is_signed_under_a_root_that_makes_room_while_that_is_being_written()
    {
        EngineWorld world = new();
        world.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        Sidecar late = world.Sidecar("late", bundleOnly: true).Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { TrustGate = new GatePolicy(GateKind.Time, TimeSpan.FromSeconds(1)) });
        world.Pass(10);
        Assert.Equal(("A,B", "b", 1), (world.Bundle, world.State.Signer, world.Engine.Floor));

        // The new root is not everywhere, so the old authority signs in its place; nothing needs its root yet, so that goes.
        world.Server.Pace = effect => effect is SaveState ? (TimeSpan.FromSeconds(5), TimeSpan.Zero) : default;
        world.Server.Order(id => new StartRotation { Id = id, Actor = "op", RequestId = "e", RotationId = "e", To = "c", Kind = RotationKind.Emergency, Compromised = "b", Policy = Emergency });
        Sidecar joiner = world.Sidecar("joiner").Start();
        world.Pass(30);
        Assert.Equal("B,C", world.Bundle);
        Assert.Empty(joiner.Instance.Outstanding);
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(60);
        Assert.True(joiner.IsOn("c"));
        world.AssertSound();
    }

    // Seed 2000091873: the row of the second name was being written when it was passed over, and the first name was reported then.
    [Fact]
    public void Who_was_passed_over_under_two_names_counts_under_none_until_it_is_back()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Last.Payload!.Version;
        proxy.Obeys = false;
        proxy.Streams.ForEach(stream => stream.Answers = false);
        proxy.Drain();
        world.Server.Pace = effect => effect is WriteLedger ? (TimeSpan.FromSeconds(60), TimeSpan.Zero) : default;
        ScriptedStream added = proxy.Open(SecretKind.Bundle, name: "Another");
        proxy.Open(SecretKind.Leaf, name: "Second");
        world.Pass(5);
        added.Answers = false;
        world.Rotate("b", Emergency with { ForceAtDeadlines = true, SignDeadline = TimeSpan.FromSeconds(5) }, kind: RotationKind.Emergency);
        world.Pass(15);
        Assert.Equal(("b", 2), (world.State.Signer, world.Engine.Floor));

        proxy.Answers = false;
        proxy.Open(SecretKind.Leaf, leaf);
        world.Pass(1);
        Assert.Equal((2, 1), (proxy.Instance.BundleSlots, proxy.Instance.Lo));
        world.AssertSound();
        world.Pass(120);
        world.AssertSound();
    }

    [Fact]
    public void Where_three_roots_are_allowed_the_third_goes_when_nothing_needs_it()
    {
        EngineWorld world = new(new FleetPolicy { MaxRoots = 3 });
        world.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(2)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(10);
        Assert.Equal(CommandStatus.Done, world.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "a").Status);
        world.Pass(60);
        Assert.Contains(world.Effects.OfType<SaveState>(), save => save.State.Bundle.SequenceEqual(["A", "B", "C"]));
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("c")));
        Assert.Equal(("C", null), (world.Bundle, world.State.Plan));
        world.AssertSound();
    }

    [Fact]
    public void A_second_emergency_takes_over_only_if_another_root_is_stolen_too()
    {
        EngineWorld world = new(new FleetPolicy { MaxRoots = 3 });
        world.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        ImmutableArray<Sidecar> fleet = world.Fleet(3);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", Emergency, kind: RotationKind.Emergency);
        world.Pass(10);
        Assert.Equal(CommandStatus.Refused, world.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "a").Status);
        Assert.Equal(CommandStatus.Done, world.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "b").Status);
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(60);
        Assert.All(fleet.Add(late), sidecar => Assert.True(sidecar.IsOn("c")));
        Assert.Equal("C", world.Bundle);
        world.AssertSound();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_two_roots_are_stolen_the_drop_of_the_first_has_its_deadline_too(bool forces)
    {
        (EngineWorld world, Sidecar stuck, _) = TwoStolen(Emergency with { ForceAtDeadlines = forces });
        world.Pass(TimeSpan.FromMinutes(10));
        (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
        Assert.Equal(("A,C", MoveKind.DropTrust, "A", null), (world.Bundle, verdict.Move, verdict.Subject, world.State.Plan!.Hold));
        Assert.Contains("the removal of the root of 'a'", refusal!.Message, StringComparison.Ordinal);
        Blocker blocker = Assert.Single(refusal.Blockers);
        Assert.Equal((stuck.Instance.Id, BlockerReason.NeedsOutgoingRoot), (blocker.InstanceId, blocker.Reason));

        world.Pass(TimeSpan.FromMinutes(6));
        if (!forces)
        {
            Assert.Equal(("A,C", HoldCause.Deadline), (world.Bundle, world.State.Plan!.Hold?.Cause));
            Assert.Equal(CommandStatus.Done, world.Override(Gate.G3, blocker.LeafSerial).Status);
            world.Pass(1);
        }

        Assert.Equal("C", world.Bundle);
        Decision entry = Assert.Single(world.Store.Log, static entry => entry.Kind == DecisionKind.OverrideGate);
        Assert.Contains($"spiffe://mesh/stuck {blocker.LeafSerial}", entry.Reason, StringComparison.Ordinal);
        world.AssertSound();
    }

    [Fact]
    public void Where_two_roots_are_stolen_it_is_over_when_nobody_enforces_either()
    {
        (EngineWorld world, Sidecar stuck, Sidecar late) = TwoStolen(Emergency);
        late.Bundle.Answers = false;
        stuck.Leaf.Answers = true;
        stuck.Leaf.Ack();
        world.Pass(60);
        Assert.Equal("C", world.Bundle);
        (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
        Assert.Equal((Gate.G4, false), (verdict.Gate, verdict.Open));
        Assert.Equal(late.Instance.Id, Assert.Single(refusal!.Blockers).InstanceId);
        Assert.Null(world.State.Plan!.GoneAt);

        // What is known of the drop goes with the root.
        CommandOutcome kept = world.Do(id => new RemoveAuthority { Id = id, Actor = "op", AuthorityId = "a" });
        Assert.Equal((CommandStatus.Refused, "in_use"), (kept.Status, kept.Refusal?.Code));
        late.Bundle.Ack();
        world.Pass(1);
        Assert.Null(world.State.Plan);
        Assert.Equal(CommandStatus.Done, world.Do(id => new RemoveAuthority { Id = id, Actor = "op", AuthorityId = "a" }).Status);
        world.AssertSound();
    }

    [Fact]
    public void No_working_leaf_is_broken_for_a_third_root_that_is_not_stolen()
    {
        EngineWorld world = WithThird(maxRoots: 3);
        Sidecar stuck = world.Sidecar("stuck").Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(10);
        Assert.True(stuck.IsOn("b"));
        stuck.Leaf.Answers = false;
        Assert.Equal(CommandStatus.Done, world.Rotate("c", Emergency with { ForceAtDeadlines = true }, kind: RotationKind.Emergency, compromised: "a").Status);
        world.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal(("B,C", null), (world.Bundle, world.State.Plan!.Hold));
        stuck.Leaf.Answers = true;
        stuck.Leaf.Ack();
        world.Pass(60);
        Assert.Equal(("C", null), (world.Bundle, world.State.Plan));
        world.AssertSound();
    }

    /// <summary>Moved on from b, which is stolen as well as a, to c: all that is left of the two is the leaf of a that one proxy holds.</summary>
    private static (EngineWorld World, Sidecar Stuck, Sidecar Late) TwoStolen(RotationPolicy policy)
    {
        EngineWorld world = WithThird(maxRoots: 3);
        Sidecar stuck = world.Sidecar("stuck").Start(), late = world.Sidecar("late").Start();
        stuck.Leaf.Answers = false;
        late.Bundle.Answers = false;
        world.Rotate("b", policy, kind: RotationKind.Emergency);
        world.Pass(10);
        Assert.Equal(CommandStatus.Done, world.Rotate("c", policy, kind: RotationKind.Emergency, compromised: "b").Status);
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(60);
        Assert.Equal(("A,C", "c"), (world.Bundle, world.State.Signer));
        return (world, stuck, late);
    }

    private static EngineWorld WithThird(int maxRoots)
    {
        EngineWorld world = new(new FleetPolicy { MaxRoots = maxRoots });
        world.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        world.Fleet(3);
        return world;
    }

    // Only the plan can make the bundle smaller: the new setting must not hold it.
    [Fact]
    public void A_bundle_that_is_larger_than_may_be_now_shrinks_and_does_not_grow()
    {
        EngineWorld before = WithThird(maxRoots: 3);
        Sidecar late = before.Sidecar("late").Start();
        late.Bundle.Answers = false;
        before.Rotate("b");
        before.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "a");
        before.Do(id => new HoldRotation { Id = id, Actor = "op" });
        before.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("d", "D"), Root = Mesh.Root("D") });
        Assert.Equal("A,B,C", before.Bundle);

        EngineWorld world = new(new FleetPolicy { MaxRoots = 2 }, first: before.Store.State);
        world.Sidecar("p").Start();
        CommandOutcome fourth = world.Rotate("d", Emergency, "d", RotationKind.Emergency, "b");
        Assert.Equal((CommandStatus.Refused, "too_many_roots"), (fourth.Status, fourth.Refusal?.Code));
        Assert.Contains("holds 3 roots and may hold 2, and leaves or the server's own certificate need the root of 'a'", fourth.Message, StringComparison.Ordinal);
        Assert.Equal("A,B,C", world.Bundle);
        world.Unhold();
        world.Pass(60);
        Assert.Equal(("C", null), (world.Bundle, world.State.Plan));
        world.AssertSound();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_no_leaf_of_the_new_authority_is_out_another_takes_its_place_and_that_of_its_root(bool signs)
    {
        EngineWorld world = WithThird(maxRoots: 2);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = !signs;
        world.Server.Fate = effect => effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", Emergency, kind: RotationKind.Emergency);
        world.Pass(30);
        Assert.Equal(signs ? "a" : "b", world.State.Signer);
        if (!signs)
        {
            const string Way = "start an emergency to another authority that names 'b' as the compromised one";
            Assert.Contains(world.Engine.AllBlockers(), blocker => blocker.Reason == BlockerReason.Signer && blocker.Detail.Contains(Way, StringComparison.Ordinal));
            world.Pass(TimeSpan.FromMinutes(16));
            Assert.Contains(Way, world.State.Plan!.Hold!.Reason, StringComparison.Ordinal);
        }

        CommandOutcome same = world.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "a");
        Assert.Equal(CommandStatus.Refused, same.Status);
        Assert.Contains("where 'b' is stolen or does not sign", same.Message, StringComparison.Ordinal);
        late.Bundle.Answers = false;
        Assert.Equal(CommandStatus.Done, world.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "b").Status);
        Assert.Equal(("A,C", "a", "a", true), (world.Bundle, world.State.Signer, world.State.Plan!.From, world.State.Authority("b").Tainted));
        Assert.Contains(world.Store.Log, static entry => entry.Action.EndsWith("to c, and drop trust in the root of 'b', which nothing needs", StringComparison.Ordinal));

        // The root that was stolen first signs on until the next is everywhere: nobody is without a leaf.
        Assert.True(world.Sidecar("joiner").Start().IsOn("a"));
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(60);
        Assert.True(late.IsOn("c"));
        Assert.Equal(("C", null), (world.Bundle, world.State.Plan));
        world.AssertSound();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Where_leaves_of_the_new_authority_are_out_it_gives_way_to_another_as_a_third_root(int maxRoots)
    {
        EngineWorld world = WithThird(maxRoots);
        int signed = 0;
        world.Server.Fate = effect => effect is SignLeaf { AuthorityId: "b" } && signed++ > 0 ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", Emergency, kind: RotationKind.Emergency);
        world.Pass(30);
        Assert.Equal(("A,B", "b"), (world.Bundle, world.State.Signer));
        CommandOutcome another = world.Rotate("c", Emergency, kind: RotationKind.Emergency, compromised: "b");
        if (maxRoots == 2)
        {
            Assert.Equal((CommandStatus.Refused, "too_many_roots"), (another.Status, another.Refusal?.Code));
            Assert.Contains("let the bundle hold 3 (Fleet:MaxRoots), restart the server, and start again", another.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(CommandStatus.Done, another.Status);
        world.Pass(60);
        Assert.Contains(world.Effects.OfType<SaveState>(), static save => save.State.Bundle.SequenceEqual(["A", "B", "C"]));
        Assert.Equal(("C", "c", null), (world.Bundle, world.State.Signer, world.State.Plan));
        world.AssertSound();
    }

    [Fact]
    public void A_deadline_holds_the_plan_unless_the_operator_has_said_at_the_start_that_it_passes_over_who_is_late()
    {
        EngineWorld careful = new();
        Sidecar late = careful.Sidecar("late").Start();
        careful.Fleet(3);
        late.Bundle.Answers = false;
        careful.Rotate("b", Emergency, kind: RotationKind.Emergency);
        careful.Pass(119);
        Assert.Null(careful.State.Plan!.Hold);
        careful.Pass(TimeSpan.FromHours(1));
        Assert.Equal((HoldCause.Deadline, "a", "A,B"), (careful.State.Plan!.Hold!.Cause, careful.State.Signer, careful.Bundle));

        EngineWorld forced = new();
        late = forced.Sidecar("late").Start();
        Sidecar away = forced.Sidecar("away").Start();
        ImmutableArray<Sidecar> fleet = forced.Fleet(3);
        late.Bundle.Answers = false;
        forced.Rotate("b", Emergency with { ForceAtDeadlines = true }, kind: RotationKind.Emergency);
        forced.Pass(60);
        away.Disconnect();
        forced.Pass(55);
        Assert.Equal("a", forced.State.Signer);
        forced.Pass(10);
        Assert.Equal(("b", "A,B"), (forced.State.Signer, forced.Bundle));
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
        forced.Pass(TimeSpan.FromMinutes(14));
        Assert.Equal("B", forced.Bundle);
        Decision[] overrides = [.. forced.Store.Log.Where(entry => entry.Kind == DecisionKind.OverrideGate)];
        Assert.Equal(2, overrides.Length);
        Assert.All(overrides, entry => Assert.Equal("op", entry.Actor));
        Assert.Contains("spiffe://mesh/late", overrides[0].Reason, StringComparison.Ordinal);
        Assert.Contains("spiffe://mesh/away", overrides[1].Reason, StringComparison.Ordinal);
        forced.AssertSound();
    }

    [Fact]
    public void A_refusal_does_not_hold_it()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(3);
        Sidecar refuses = world.Sidecar("refuses").Start();
        refuses.Leaf.Answers = false;
        world.Rotate("b", Emergency, kind: RotationKind.Emergency);
        world.Pass(1);
        refuses.Leaf.Nack();
        world.Pass(10);
        Assert.Null(world.State.Plan!.Hold);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
    }

    [Fact]
    public void A_stolen_intermediate_gives_way_without_a_change_of_bundle()
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        Sidecar proxy = world.Sidecar("p").Start();
        Assert.Equal(CommandStatus.Invalid, world.Rotate("a2", Emergency).Status);
        Assert.Equal(CommandStatus.Invalid, world.Rotate("a2", Emergency, kind: RotationKind.Emergency).Status);
        Assert.Equal(CommandStatus.Done, world.Rotate("a2", EngineWorld.Quick, kind: RotationKind.Intermediate).Status);
        world.Pass(10);
        Assert.True(proxy.IsOn("a2"));
        Assert.Single(proxy.Bundle.Got);
    }

    [Theory]
    [InlineData(Gate.G1)]
    [InlineData(Gate.G3)]
    public void Held_at_its_deadline_it_goes_on_without_whom_an_operator_names(Gate gate)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(3);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = gate != Gate.G1;
        late.Leaf.Answers = gate != Gate.G3;
        world.Rotate("b", Emergency, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(gate == Gate.G1 ? 5 : 16));
        Assert.Equal(HoldCause.Deadline, world.State.Plan!.Hold?.Cause);
        CommandOutcome lifted = world.Unhold();
        Assert.Equal(CommandStatus.Refused, lifted.Status);
        Assert.Contains("override", lifted.Message, StringComparison.Ordinal);
        string[] names = [.. world.Engine.Outlook()!.Value.Refusal!.Blockers.Select(blocker => blocker.OverrideName!).Distinct()];
        Assert.Equal(CommandStatus.Refused, world.Override(gate, "nobody").Status);

        Assert.Equal(CommandStatus.Done, world.Override(gate, names).Status);
        world.Pass(1);
        Assert.NotEqual(HoldCause.Deadline, world.State.Plan?.Hold?.Cause);
        Assert.Equal("b", world.State.Signer);
        Assert.Equal(gate == Gate.G1 ? "A,B" : "B", world.Bundle);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
        world.AssertSound();
    }

    [Fact]
    public void Held_at_its_deadline_it_goes_on_by_itself_when_nobody_is_late_any_more()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", Emergency, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal((HoldCause.Deadline, "a"), (world.State.Plan!.Hold?.Cause, world.State.Signer));
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(5);
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void Held_because_somebody_may_still_enforce_the_stolen_root_it_stays_held_until_nobody_does()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar away = world.Sidecar("away").Start(), late = world.Sidecar("late").Start();
        late.Leaf.Answers = false;
        world.Rotate("b", Emergency with { GateDeadline = TimeSpan.FromMinutes(20), ForceAtDeadlines = true }, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(5));
        away.Disconnect();
        world.Pass(TimeSpan.FromMinutes(90));
        Assert.Equal((HoldCause.Deadline, RotationPhase.Removing), (world.State.Plan!.Hold?.Cause, world.Engine.Phase));
        Assert.Single(world.Store.Log, static entry => entry.Kind == DecisionKind.HoldRotation);
        world.Retire(away.Instances[0].Id);
        world.Pass(TimeSpan.FromHours(2));
        Assert.Null(world.State.Plan);
    }

    [Theory]
    [InlineData(GateKind.Approval)]
    [InlineData(GateKind.Webhook)]
    [InlineData(GateKind.Time)]
    public void It_asks_nobody_whatever_the_usual_gates_are(GateKind kind)
    {
        EngineWorld world = new();
        world.Fleet(3);
        GatePolicy gate = new(kind, TimeSpan.FromHours(1));
        world.Rotate("b", Emergency with { TrustGate = gate, WaveGate = gate, DropGate = gate }, kind: RotationKind.Emergency);
        world.Pass(10);
        Assert.Equal(("b", "B"), (world.State.Signer, world.Bundle));
    }

    // A crash would find it in the ledger, and a floor that does not vouch for it.
    [Fact]
    public void Nothing_is_signed_under_the_new_root_before_the_state_says_that_everyone_enforces_it()
    {
        EngineWorld world = new();
        world.Fleet(3);
        world.Server.Pace = effect => effect is SaveState { Entry: null } ? (TimeSpan.FromSeconds(10), default) : default;
        world.Rotate("b", Emergency with { SignNotBefore = Mesh.Born.AddMinutes(30), SignDeadline = TimeSpan.FromHours(1) }, kind: RotationKind.Emergency);
        world.Pass(5);
        Assert.Equal((2, 1), (world.Engine.Floor, world.Store.State.Floor));
        Sidecar joiner = world.Sidecar("joiner").Start();
        Assert.DoesNotContain(world.Store.Ledger, row => row.AuthorityId == "b");
        world.Pass(20);
        Assert.True(joiner.IsOn("b"));
    }

    // What was opened under the stolen root lives on until its process is drained: nobody of before may look as if it had come after.
    [Fact]
    public void Who_ran_before_the_drop_is_not_taken_as_newer_after_a_restart_of_the_server()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromHours(16));
        Assert.Equal(("B", null), (world.Bundle, world.State.Plan));
        string leaf = proxy.Leaf.Accepted!, bundle = proxy.Bundle.Accepted!;
        world.Restart(proxy);
        proxy.Return(leaf, bundle);
        world.Pass(60);
        Assert.Null(proxy.Instance.FirstSeen);
    }

    [Fact]
    public void Who_had_two_names_is_dated_by_the_first()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        ScriptedStream first = proxy.Leaf;
        string leaf = first.Accepted!, bundle = proxy.Bundle.Accepted!;
        DateTimeOffset came = proxy.Instance.FirstSeen!.Value;
        world.Pass(TimeSpan.FromHours(1));
        proxy.Disconnect();
        ScriptedStream second = proxy.Open(SecretKind.Leaf, name: "Leaf2");
        proxy.Open(SecretKind.Bundle, bundle);
        world.Pass(200);
        string other = second.Accepted!;
        proxy.Disconnect();
        proxy.Open(SecretKind.Leaf, leaf);
        world.Pass(1);
        proxy.Open(SecretKind.Bundle, bundle);
        proxy.Open(SecretKind.Leaf, other, name: "Leaf2");
        world.Pass(200);
        Assert.All(proxy.Instances.Where(view => view.Connected), view => Assert.True(view.FirstSeen is null || view.FirstSeen <= came, $"{view.FirstSeen} instead of {came}"));
    }

    [Fact]
    public void Who_came_under_a_new_name_and_shows_what_it_had_before_under_another_is_not_dated()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        Sidecar proxy = world.Sidecar("p").Start();
        string bundle = proxy.Bundle.Accepted!;
        DateTimeOffset end = proxy.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(1) });
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromSeconds(20));
        proxy.Return(null, null);
        world.Pass(4);
        string leaf = proxy.Leaf.Accepted!;
        proxy.Disconnect();
        world.Pass(60);

        // Its old name has ended by now.
        proxy.Open(SecretKind.Bundle, bundle);
        world.Pass(1);
        proxy.Open(SecretKind.Leaf, leaf, name: "Leaf2");
        world.Pass(1);
        Assert.Null(proxy.Instance.FirstSeen);
    }

    // A leaf that was refused, and came alive on a later bundle, is not in what it reports.
    [Fact]
    public void Who_reports_a_bundle_older_than_any_it_was_sent_here_was_there_before()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string bundle = proxy.Bundle.Accepted!;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(20));
        proxy.Open(SecretKind.Leaf);
        proxy.Open(SecretKind.Bundle, bundle);
        world.Pass(60);
        Assert.Null(Assert.Single(proxy.Instances, view => view.Connected).FirstSeen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_was_passed_over_and_comes_back_is_not_taken_as_newer(bool saysSoLater)
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar away = world.Sidecar("away").Start();
        string leaf = away.Leaf.Accepted!, bundle = away.Bundle.Accepted!;
        away.Disconnect();
        world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal("B", world.Bundle);
        if (saysSoLater)
        {
            away.Open(SecretKind.TicketKeys);
            away.Open(SecretKind.Leaf, leaf);
        }
        else
        {
            away.Return(leaf, bundle);
        }

        world.Pass(60);
        Assert.Null(Assert.Single(away.Instances, view => view.Connected).FirstSeen);
        Sidecar leafless = world.Sidecar("leafless");
        leafless.Open(SecretKind.Bundle, bundle);
        world.Pass(1);
        Assert.Null(leafless.Instance.FirstSeen);
        Assert.NotNull(world.Sidecar("new").Start().Instance.FirstSeen);
    }

    [Theory]
    [InlineData("b", CommandStatus.Done)]
    [InlineData("b2", CommandStatus.Refused)]
    public void Another_authority_below_a_root_that_was_fit_is_judged_by_itself(string to, CommandStatus expected)
    {
        bool distributed = false;
        EngineWorld world = new(seams: Mesh.Seams(new Random(1), (_, _, _) => distributed ? ["its key could not be opened"] : []));
        world.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("b2", "B"), Root = Mesh.Root("B") });
        world.Fleet(3);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval });
        world.Pass(10);
        distributed = true;
        Assert.Equal(expected, world.Rotate(to, kind: RotationKind.Emergency, compromised: "a").Status);
    }
}
