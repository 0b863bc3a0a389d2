using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What an order breaks, ends or leaves behind, where the engine once said less or did more than it should.</summary>
public sealed class RotationTracesOfOrdersTests
{
    private static readonly RotationPolicy TimeGated = EngineWorld.Quick with { TrustGate = new GatePolicy(GateKind.Time, TimeSpan.FromSeconds(1)) };

    [Fact]
    public void Joiners_get_a_leaf_in_an_emergency_while_a_root_that_a_time_gate_has_made_the_signers_is_not_everywhere()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", TimeGated);
        world.Pass(10);
        Assert.Equal(("b", "A,B", 1), (world.State.Signer, world.Bundle, world.Engine.Floor));
        Assert.True(world.Sidecar("before").Start().IsOn("a"));
        Assert.Equal(CommandStatus.Done, world.Rotate("b", EngineWorld.Quick, kind: RotationKind.Emergency, compromised: "a").Status);
        Sidecar joiner = world.Sidecar("joiner").Start();
        Assert.True(joiner.Instance.Outstanding.Length > 0, $"the joiner has no leaf: {joiner.Instance.HeldBecause}");
    }

    [Fact]
    public void After_a_time_gate_the_sign_deadline_moves_the_fleet_before_the_drop_breaks_it()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", TimeGated);
        world.Pass(10);
        Assert.Equal(CommandStatus.Done, world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency, compromised: "a").Status);
        world.Pass(TimeSpan.FromMinutes(5));
        string at5 = string.Join(",", fleet.Select(s => s.IsOn("b")));
        world.Pass(TimeSpan.FromMinutes(11));
        string overruled = string.Join(" | ", world.Store.Log.Where(e => e.Kind == DecisionKind.OverrideGate).Select(e => $"{e.At:T} {e.Action}: {e.Reason}"));
        Assert.True(!at5.Contains("False", StringComparison.Ordinal), $"after 5 min on b: {at5}; overrides: {overruled}");
    }

    [Fact]
    public void A_leaf_passed_over_in_an_intermediate_rotation_still_counts_in_the_next()
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        world.Fleet(3);
        Sidecar away = world.Sidecar("away").Start();
        away.Disconnect();
        world.Rotate("a2", EngineWorld.Quick, kind: RotationKind.Intermediate);
        world.Pass(60);
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        string breaks = Assert.Single(world.Engine.Outlook()!.Value.Refusal!.OverrideBreaks);
        Assert.Equal(CommandStatus.Done, world.Override(Gate.G4, blocker.OverrideName!).Status);
        world.Pass(1);
        Assert.Null(world.State.Plan);
        world.Rotate("b", EngineWorld.Quick);
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.True(world.State.Trusts("A"), $"A was dropped, and nobody was told that away breaks. Said was: {breaks}");
    }

    [Fact]
    public void Who_was_passed_over_and_never_comes_back_is_forgotten_when_its_leaf_has_expired()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar away = world.Sidecar("away").Start();
        string id = away.Instance.Id;
        away.Disconnect();
        world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal("B", world.Bundle);
        world.Pass(TimeSpan.FromHours(72));
        Assert.Null(world.Engine.Find(id));
    }

    [Fact]
    public void A_signer_that_is_mended_late_breaks_nobody()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        bool broken = true;
        world.Server.Fate = effect => broken && effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(20));
        broken = false;
        world.Pass(TimeSpan.FromMinutes(5));
        string overruled = string.Join(" | ", world.Store.Log.Where(e => e.Kind == DecisionKind.OverrideGate).Select(e => $"{e.At:T} {e.Action}: {e.Reason}"));
        Assert.True(overruled.Length == 0, overruled);
    }

    [Fact]
    public void Held_beyond_the_drop_deadline_an_emergency_gives_everybody_a_chance()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency);
        world.Pass(10);
        world.Do(id => new HoldRotation { Id = id, Actor = "op" });
        world.Pass(TimeSpan.FromMinutes(20));
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(1);
        world.Unhold();
        world.Pass(TimeSpan.FromMinutes(5));
        string overruled = string.Join(" | ", world.Store.Log.Where(e => e.Kind == DecisionKind.OverrideGate).Select(e => $"{e.At:T} {e.Action}: {e.Reason}"));
        Assert.True(overruled.Length == 0, overruled);
    }

    [Fact]
    public void A_leaf_that_is_being_written_is_named()
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        world.Fleet(2);
        world.Rotate("a2", EngineWorld.Quick with { TrustGate = GatePolicy.Approval }, kind: RotationKind.Intermediate);
        world.Pass(5);
        world.Server.Pace = effect => effect is WriteLedger { Insert.Row.AuthorityId: "a" } ? (TimeSpan.FromMinutes(2), TimeSpan.Zero) : default;
        world.Sidecar("joiner").Start();
        world.Advance();
        world.Pass(30);
        (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
        Assert.False(verdict.Open);
        Assert.True(refusal!.Blockers.Length > 0, $"{verdict.Gate}: {refusal.Message}");
    }

    [Fact]
    public void An_emergency_about_the_same_root_by_another_name_is_the_same_emergency()
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick, kind: RotationKind.Emergency);
        world.Pass(10);
        Assert.Equal(CommandStatus.Refused, world.Rotate("b", EngineWorld.Quick, kind: RotationKind.Emergency, compromised: "a2").Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_that_was_never_away_does_not_doubt_the_clock_because_its_plan_was_held(bool emergency)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick, kind: emergency ? RotationKind.Emergency : RotationKind.Planned);
        if (emergency)
        {
            world.Pass(TimeSpan.FromMinutes(5));
            Assert.Equal(HoldCause.Deadline, world.State.Plan!.Hold?.Cause);
        }
        else
        {
            world.Pass(5);
            world.Do(id => new HoldRotation { Id = id, Actor = "op" });
        }

        world.Pass(TimeSpan.FromHours(2));
        string[] had = [proxy.Leaf.Accepted!, proxy.Bundle.Accepted!, late.Leaf.Accepted!, late.Bundle.Accepted!];
        world.Restart(proxy, late);
        proxy.Return(had[0], had[1]);
        late.Return(had[2], had[3]);
        world.Pass(5);
        Assert.False(world.Engine.ClockInDoubt, $"in doubt; hold {world.State.Plan?.Hold?.Cause}: {world.State.Plan?.Hold?.Reason}");
        if (!emergency)
        {
            world.Unhold();
        }

        world.Pass(TimeSpan.FromMinutes(3));
        Assert.True(world.State.Plan is null, $"{world.Engine.Phase} {world.State.Plan?.Hold?.Cause}: {world.State.Plan?.Hold?.Reason}");
    }

    [Fact]
    public void Intermediate_back_forward_and_an_emergency_in_between()
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        Sidecar slow = world.Sidecar("slow").Start();
        slow.Leaf.Answers = false;
        world.Rotate("a2", EngineWorld.Quick, kind: RotationKind.Intermediate);
        world.Pass(10);
        Assert.Equal(CommandStatus.Done, world.Turn(RotationGoal.Back).Status);
        world.Pass(10);
        Assert.Equal(CommandStatus.Done, world.Turn(RotationGoal.Forward).Status);
        world.Pass(10);
        Assert.NotNull(world.State.Plan);
        Assert.Equal(CommandStatus.Done, world.Rotate("b", EngineWorld.Quick, kind: RotationKind.Emergency, compromised: "a2").Status);
        slow.Leaf.Answers = true;
        slow.Leaf.Ack();
        world.Pass(TimeSpan.FromMinutes(3));
        Assert.Equal(("B", null), (world.Bundle, world.State.Plan));
        Assert.All(fleet.Add(slow), sidecar => Assert.True(sidecar.IsOn("b")));
        world.AssertSound();
    }

    [Fact]
    public void Whoever_passes_over_a_proxy_at_the_first_deadline_is_told_that_it_goes_on_to_trust_the_thief()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick, kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromMinutes(3));
        string said = string.Join(" ", world.Engine.Outlook()!.Value.Refusal!.OverrideBreaks);
        world.Override(Gate.G1, late.Instance.Id);
        world.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal(CommandStatus.Done, world.Override(Gate.G3, [.. world.Engine.AllBlockers().Select(blocker => blocker.OverrideName!)]).Status);
        world.Pass(60);
        Assert.Null(world.State.Plan);
        Assert.StartsWith("b1-", late.Bundle.Accepted, StringComparison.Ordinal);
        Assert.True(said.Contains("thief", StringComparison.Ordinal), $"the emergency is over and late still trusts the stolen root; all that was said is: {said}");
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("a", "c")]
    [InlineData("b", "c")]
    [InlineData("b", "a")]
    public void Whatever_is_stolen_while_a_time_gate_has_made_the_signer_nobody_starves(string stolen, string to)
    {
        EngineWorld world = new(new FleetPolicy { MaxRoots = 3 });
        world.Do(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", TimeGated);
        world.Pass(10);
        Assert.Equal(CommandStatus.Done, world.Rotate(to, EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency, compromised: stolen).Status);
        Sidecar joiner = world.Sidecar("joiner").Start();
        Assert.True(joiner.Instance.Outstanding.Length > 0, $"the joiner has no leaf: {joiner.Instance.HeldBecause}");
        world.Restart(late);
        world.Pass(1);
        foreach (Sidecar sidecar in fleet)
        {
            string leaf = sidecar.Leaf.Accepted!, bundle = sidecar.Bundle.Accepted!;
            sidecar.Disconnect();
            sidecar.Return(leaf, bundle);
        }

        world.Pass(TimeSpan.FromMinutes(5));
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn(to)));
        world.AssertSound();
        world.Pass(TimeSpan.FromMinutes(15));
        Assert.False(world.State.Trusts(stolen.ToUpperInvariant()));
        world.AssertSound();
    }

    [Fact]
    public void An_override_that_names_nobody_who_is_late_lifts_no_hold()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromMinutes(5) });
        world.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(HoldCause.Deadline, world.State.Plan!.Hold?.Cause);
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(5);
        Assert.Equal(HoldCause.Deadline, world.State.Plan!.Hold?.Cause);
        CommandOutcome outcome = world.Override(Gate.G1, "nobody");
        Assert.True(outcome.Status == CommandStatus.Refused, outcome.Message);
    }

    [Fact]
    public void After_a_time_gate_the_one_who_is_late_can_be_passed_over_alone()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", TimeGated);
        world.Pass(10);
        world.Rotate("b", EngineWorld.Quick, kind: RotationKind.Emergency, compromised: "a");
        world.Pass(TimeSpan.FromMinutes(16));
        Assert.Equal(HoldCause.Deadline, world.State.Plan!.Hold?.Cause);
        CommandOutcome outcome = world.Do(id => new AdvanceRotation { Id = id, Actor = "op", Override = [late.Instance.Id], Reason = "it is broken" });
        Assert.True(outcome.Status == CommandStatus.Done, $"{outcome.Message}; {string.Join(" | ", outcome.Refusal?.OverrideBreaks ?? [])}");
        world.Pass(5);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
    }

    [Fact]
    public void After_a_time_gate_nobody_who_has_proven_the_bundle_is_left_with_a_leaf_that_all_refuse()
    {
        EngineWorld world = new(new FleetPolicy { IssuesPerSecond = 1 });
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        world.Pass(60);
        Sidecar late = world.Sidecar("late").Start();
        world.Pass(5);
        late.Bundle.Answers = false;
        world.Rotate("b", TimeGated);
        world.Pass(10);
        Assert.Equal(CommandStatus.Done, world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true }, kind: RotationKind.Emergency, compromised: "a").Status);
        for (int i = 0; i < 2000 && world.Bundle != "B"; i++)
        {
            world.Pass(0.5);
        }

        Assert.Equal("B", world.Bundle);
        int refused = fleet.Count(sidecar => sidecar.Leaf.Got.Count == 1);
        Assert.True(refused == 0, $"A is gone, and {refused} of 20 present a leaf under it");
    }

    [Fact]
    public void Whoever_names_a_root_as_stolen_that_is_just_leaving_is_told_not_to_turn_back()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar late = world.Sidecar("late").Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(30);
        late.Bundle.Answers = false;
        world.Advance();
        world.Pass(30);
        Assert.Equal(("B", RotationPhase.Removing), (world.Bundle, world.Engine.Phase));
        world.Do(static id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        CommandOutcome outcome = world.Rotate("b", EngineWorld.Quick, kind: RotationKind.Emergency, compromised: "a");
        Assert.Equal(CommandStatus.Refused, outcome.Status);
        Assert.Contains("do not turn it back", outcome.Message, StringComparison.Ordinal);
    }
}
