using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>How operators and doubts steer a plan.</summary>
public sealed class PlanTests
{
    private static readonly TrustState LeftOver = Mesh.First() with
    {
        Bundle = ["A", "X"],
        Roots = [.. Mesh.First().Roots, Mesh.Root("X") with { Since = 1, SafeAt = Mesh.Born }],
        Authorities = [.. Mesh.First().Authorities, Mesh.Authority("x", "X")],
    };

    // A server that was told to hold fewer roots ended a rotation with one that nobody needed.
    [Fact]
    public void A_root_that_is_left_over_makes_room_for_the_new_one()
    {
        EngineWorld world = new(first: LeftOver);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        Assert.Equal(CommandStatus.Done, world.Rotate("b").Status);
        Assert.Equal("A,B", world.Bundle);
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(60);
        Assert.Equal(("B", null), (world.Bundle, world.State.Plan));
        world.AssertSound();
    }

    [Fact]
    public void No_turn_adds_a_root_to_a_full_bundle()
    {
        EngineWorld before = new(new FleetPolicy { MaxRoots = 3 }, first: LeftOver);
        before.Fleet(1);
        before.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        before.Pass(10);
        before.Advance();
        Assert.Equal("X,B", before.Bundle);

        EngineWorld world = new(new FleetPolicy { MaxRoots = 2 }, first: before.Store.State);
        CommandOutcome back = world.Turn(RotationGoal.Back);
        Assert.Equal((CommandStatus.Refused, "too_many_roots"), (back.Status, back.Refusal?.Code));
        Assert.Equal(CommandStatus.Done, world.Advance(Gate.G3).Status);
        world.Pass(1);
        Assert.Equal(("B", null), (world.Bundle, world.State.Plan));
    }

    private static readonly RotationPolicy Manual = EngineWorld.Manual;

    [Trait("Rule", "E14.6")]
    [Theory]
    [InlineData(RotationPhase.Distributing)]
    [InlineData(RotationPhase.Issuing)]
    [InlineData(RotationPhase.Drained)]
    [InlineData(RotationPhase.Removing)]
    public void Every_phase_can_be_turned_back_and_forward_again(RotationPhase phase)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        Sidecar other = world.Sidecar("q").Start();
        proxy.Bundle.Answers = phase != RotationPhase.Distributing;
        proxy.Leaf.Answers = phase != RotationPhase.Issuing;
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromSeconds(5) });
        world.Pass(2);
        if (phase == RotationPhase.Removing)
        {
            proxy.Bundle.Answers = false;
            world.Pass(10);
        }

        Assert.Equal(phase, world.Engine.Phase);
        world.Turn(RotationGoal.Back);
        world.Turn(RotationGoal.Forward);
        world.Turn(RotationGoal.Back);
        Settle(proxy);
        world.Pass(120);
        Assert.Equal(("a", "A", RotationPhase.Steady), (world.State.Signer, world.Bundle, world.Engine.Phase));
        Assert.Equal(RotationGoal.Back, world.State.Past[0].Goal);
        Assert.All(new[] { proxy, other }, sidecar => Assert.Equal("a", Assert.Single(sidecar.Instance.Outstanding).AuthorityId));

        world.Rotate("b");
        world.Pass(120);
        Assert.Equal(("b", "B", RotationPhase.Steady), (world.State.Signer, world.Bundle, world.Engine.Phase));
        world.AssertSound();
    }

    // An older backup does not know what the fleet trusts by now.
    [Fact]
    public void A_proxy_that_holds_a_newer_bundle_than_the_store_is_sent_nothing_and_holds_the_plan_until_it_is_taken_over()
    {
        EngineWorld world = new();
        Sidecar[] fleet = [.. world.Fleet(2)];
        Sidecar ahead = world.Sidecar("ahead");
        ahead.Return(leaf: null, bundle: "b7-0123456789abcdef");
        Sidecar other = world.Sidecar("other");
        other.Return(leaf: null, bundle: "b9-0123456789abcdef");
        world.Pass(60);
        Assert.Empty(ahead.Bundle.Got);
        Assert.Empty(ahead.Leaf.Got);
        Assert.Contains("epoch 7", ahead.Instance.HeldBecause, StringComparison.Ordinal);
        Assert.All(fleet, sidecar => Assert.Single(sidecar.Leaf.Got));

        world.Rotate("b");
        world.Pass(120);
        Assert.Equal((HoldCause.OlderStore, "a"), (world.State.Plan!.Hold!.Cause, world.State.Signer));
        Assert.Contains("2 proxies", world.State.Plan.Hold.Reason, StringComparison.Ordinal);

        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = ahead.Instance.Id });
        world.Pass(60);
        Assert.Single(ahead.Leaf.Got);
        Assert.Empty(other.Bundle.Got);

        world.Unhold();
        world.Pass(600);
        Assert.Equal((RotationPhase.Steady, "b"), (world.Engine.Phase, world.State.Signer));
        Assert.Equal(world.State.Epoch, other.Bundle.Epoch);

        // Nothing proves what it says: the same workload holds no plan a second time.
        ScriptedStream again = other.Open(SecretKind.Bundle, "b99-0123456789abcdef");
        world.Rotate("a");
        world.Pass(60);
        Assert.Empty(again.Got);
        Assert.Equal((RotationPhase.Distributing, null), (world.Engine.Phase, world.State.Plan!.Hold));
        world.AssertSound();
    }

    // Whoever ends takes the claim with it.
    [Fact]
    public void A_newer_bundle_that_has_gone_holds_nothing_up()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar ahead = world.Sidecar("ahead");
        ahead.Return(leaf: null, bundle: "b7-0123456789abcdef");
        ahead.Disconnect();

        world.Rotate("b");
        world.Pass(600);

        Assert.Equal((RotationPhase.Steady, "b"), (world.Engine.Phase, world.State.Signer));
    }

    [Fact]
    public void A_manual_plan_takes_each_move_when_told_and_only_the_gate_that_the_operator_saw()
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Rotate("b", Manual);
        world.Pass(600);
        Assert.Equal("a", world.State.Signer);
        Assert.Equal(CommandStatus.Aborted, world.Advance(Gate.G3).Status);
        Assert.Equal(CommandStatus.Done, world.Advance(Gate.G1).Status);
        Assert.Equal("b", world.State.Signer);
        world.Pass(600);
        Assert.Equal("A,B", world.Bundle);
        Assert.Equal(CommandStatus.Done, world.Advance().Status);
        world.Pass(1);
        Assert.Equal(("B", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
    }

    [Fact]
    public void A_held_plan_makes_no_move_and_goes_on_when_the_hold_is_lifted()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b");
        world.Do(id => new HoldRotation { Id = id, Actor = "op", Reason = "lunch" });
        proxy.Bundle.Ack();
        world.Pass(600);
        Assert.Equal("a", world.State.Signer);
        CommandOutcome refused = world.Advance();
        Assert.Equal(CommandStatus.Refused, refused.Status);
        Assert.Contains("lunch", refused.Message, StringComparison.Ordinal);
        world.Unhold();
        proxy.Bundle.Answers = true;
        world.Pass(60);
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void A_doubt_that_arises_with_an_advance_comes_first()
    {
        EngineWorld world = new();
        world.Fleet(1);
        world.Rotate("b", Manual);
        world.Pass(1);
        world.Time.WallError = TimeSpan.FromHours(25);
        CommandOutcome outcome = world.Advance(Gate.G1);
        Assert.Equal(CommandStatus.Refused, outcome.Status);
        Assert.Equal("a", world.State.Signer);
    }

    [Fact]
    public void A_refusal_holds_the_plan_until_fresh_bytes_are_accepted_not_only_sent()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b");
        proxy.Bundle.Nack("no room");
        world.Pass(0.1);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold!.Cause);
        Assert.Contains("no room", world.State.Plan.Hold.Reason, StringComparison.Ordinal);
        int before = proxy.Bundle.Got.Count;
        world.Pass(10);
        Assert.Equal(before + 1, proxy.Bundle.Got.Count);
        Assert.Equal(HoldCause.Nack, world.State.Plan.Hold?.Cause);

        proxy.Bundle.Ack();
        proxy.Bundle.Answers = true;
        world.Pass(60);
        Assert.Equal(("b", RotationPhase.Steady), (world.State.Signer, world.Engine.Phase));
    }

    [Fact]
    public void A_refusal_is_not_forgotten_when_its_stream_closes()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Sidecar("q").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b");
        proxy.Bundle.Nack();
        proxy.Bundle.Close();
        world.Pass(60);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold?.Cause);
    }

    [Fact]
    public void A_gate_that_is_shut_for_too_long_holds_the_plan_and_never_opens_by_that()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromMinutes(5) });
        world.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(HoldCause.Deadline, world.State.Plan!.Hold!.Cause);
        Assert.Equal("a", world.State.Signer);
        proxy.Bundle.Answers = true;
        proxy.Bundle.Ack();
        world.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal("a", world.State.Signer);
        world.Unhold();
        world.Pass(60);
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void A_start_is_idempotent_and_a_second_plan_is_refused()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        Assert.Equal(CommandStatus.Done, world.Rotate("b", request: "once").Status);
        long decisions = world.State.Decisions;
        CommandOutcome again = world.Do(id => new StartRotation { Id = id, Actor = "op", RequestId = "once", RotationId = "x", To = "b", ExpectedDecisions = 0 });
        Assert.Equal((CommandStatus.Done, decisions), (again.Status, world.State.Decisions));
        Assert.Equal(CommandStatus.Refused, world.Rotate("b").Status);
        Assert.Equal(CommandStatus.Invalid, Steady().Rotate("a").Status);
        Assert.Equal(CommandStatus.NotFound, Steady().Rotate("nobody").Status);

        proxy.Bundle.Answers = true;
        proxy.Bundle.Ack();
        world.Pass(60);
        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
        Assert.Equal(CommandStatus.Done, world.Rotate("b", request: "once").Status);
        Assert.Null(world.State.Plan);
    }

    [Trait("Rule", "E14.8")]
    [Fact]
    public void Of_two_operators_who_saw_the_same_state_one_is_told_to_look_again()
    {
        EngineWorld world = new();
        world.Sidecar("p").Start().Bundle.Answers = false;
        world.Rotate("b");
        long seen = world.State.Decisions;
        Assert.Equal(CommandStatus.Done, world.Do(id => new HoldRotation { Id = id, Actor = "one", ExpectedDecisions = seen }).Status);
        Assert.Equal(CommandStatus.Aborted, world.Do(id => new TurnRotation { Id = id, Actor = "two", Goal = RotationGoal.Back, ExpectedDecisions = seen }).Status);
        Assert.Equal(RotationGoal.Forward, world.State.Plan!.Goal);
    }

    [Trait("Rule", "E14.8")]
    [Fact]
    public void A_rollback_beats_an_advance_that_waits_with_it()
    {
        EngineWorld world = new();
        world.Fleet(1);
        world.Rotate("b", Manual);
        world.Pass(1);
        world.Server.Pace = effect => effect is SaveState ? (TimeSpan.FromSeconds(1), default) : default;
        world.Server.Order(id => new HoldRotation { Id = id, Actor = "op" });
        CommandOutcome? advanced = null;
        world.Server.Order(id => new AdvanceRotation { Id = id, Actor = "one" }, outcome => advanced = outcome);
        world.Server.Order(id => new TurnRotation { Id = id, Actor = "two", Goal = RotationGoal.Back });
        world.Pass(5);
        Assert.DoesNotContain(world.Store.Log, entry => entry.Action == "set signer b");
        Assert.NotEqual("set signer b", advanced?.Message);
        Assert.Equal("a", world.State.Signer);
    }

    [Fact]
    public void Retiring_a_process_that_is_away_frees_the_gate_and_a_connected_one_is_not_retired()
    {
        EngineWorld world = new();
        Sidecar here = world.Sidecar("here").Start();
        Sidecar away = world.Sidecar("away").Start();
        away.Disconnect();
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(1, world.Engine.Floor);
        Assert.Equal(CommandStatus.Refused, world.Retire(here.Instance.Id).Status);
        Assert.Equal(CommandStatus.NotFound, world.Retire("nobody").Status);
        Assert.Equal(CommandStatus.Done, world.Retire(away.Instance.Id).Status);
        world.Pass(60);
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void A_process_that_is_known_to_have_ended_counts_no_more()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar gone = world.Sidecar("gone").Start();
        world.Server.Post(new ProcessDeparted(gone.Key.Peer));
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal("B", world.Bundle);
        Assert.Empty(gone.Instances);
    }

    private static EngineWorld Steady()
    {
        EngineWorld world = new();
        world.Fleet(1);
        return world;
    }

    private static void Settle(Sidecar proxy)
    {
        proxy.Bundle.Answers = true;
        proxy.Leaf.Answers = true;
        proxy.Bundle.Ack();
        proxy.Leaf.Ack();
    }
}
