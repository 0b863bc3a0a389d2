using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What opens a gate besides the evidence, and what passes over one that is shut.</summary>
public sealed class GateKindTests
{
    [Fact]
    public void Each_step_has_a_gate_of_its_own()
    {
        EngineWorld world = new();
        world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { WaveGate = GatePolicy.Approval, Waves = [Wave.Of(1)] });
        world.Pass(600);
        Assert.Equal((1, "a"), (world.State.Plan!.WavesBegun, world.State.Signer));
        (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
        Assert.Equal((Gate.G2, true, "awaiting_approval"), (verdict.Gate, verdict.Open, refusal?.Code));
        Assert.Equal(CommandStatus.Done, world.Advance(Gate.G2).Status);
        world.Pass(60);
        Assert.Equal(("b", RotationPhase.Steady), (world.State.Signer, world.Engine.Phase));
    }

    [Theory]
    [InlineData(GateKind.Approval)]
    [InlineData(GateKind.Webhook)]
    public void A_yes_to_a_wave_that_selects_nobody_is_no_yes_to_the_next(GateKind kind)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        Wave nobody = new() { Selector = new WaveSelector { PathPrefix = "/nobody" } };
        world.Rotate("b", EngineWorld.Quick with { WaveGate = new GatePolicy(kind), Waves = [Wave.Of(1), nobody, Wave.OfPercent(50)] });
        world.Pass(60);
        Assert.Equal((1, 2), (world.State.Plan!.WavesBegun, world.Engine.Outlook()!.Value.Verdict.Wave));
        foreach (int wave in new[] { 2, 3 })
        {
            if (kind == GateKind.Approval)
            {
                Assert.Equal($"done: set signer b for wave {wave}", world.Advance(Gate.G2).Message);
            }
            else
            {
                Assert.Equal((wave, $"set signer b for wave {wave}"), (Asked(world)[^1].Wave, Asked(world)[^1].Step));
                Answer(world, Asked(world)[^1], WebhookVerdict.Allow, "");
            }

            world.Pass(60);
            Assert.Equal((wave, wave - 1), (world.State.Plan!.WavesBegun, fleet.Count(static sidecar => sidecar.IsOn("b"))));
        }
    }

    // The canary of nobody would make the next wave the canary, which nobody has said yes to.
    [Fact]
    public void Where_a_human_says_when_the_next_wave_begins_a_first_wave_of_nobody_does_not_begin_the_second()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        Wave nobody = new() { Selector = new WaveSelector { PathPrefix = "/nobody" } };
        world.Rotate("b", EngineWorld.Quick with { WaveGate = GatePolicy.Approval, Waves = [nobody, Wave.OfPercent(50)] });
        world.Pass(60);
        Assert.Equal((1, 0), (world.State.Plan!.WavesBegun, fleet.Count(static sidecar => sidecar.IsOn("b"))));
        world.Pass(TimeSpan.FromMinutes(15));
        (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
        Assert.Equal((2, "awaiting_approval"), (verdict.Wave, refusal?.Code));
        Assert.Equal("done: set signer b for wave 2", world.Advance(Gate.G2).Message);
        world.Pass(10);
        Assert.Equal(2, fleet.Count(static sidecar => sidecar.IsOn("b")));
    }

    [Fact]
    public void The_log_names_the_wave_that_was_begun_not_those_passed_over()
    {
        EngineWorld world = new();
        world.Fleet(4);
        Wave nobody = new() { Selector = new WaveSelector { PathPrefix = "/nobody" } };
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(1), nobody, Wave.OfPercent(50)] });
        world.Pass(60);
        Assert.Equal(
            ["set signer b for wave 1", "set signer b for wave 3", "set signer b for wave 4"],
            world.Store.Log.Where(static entry => entry.Kind == DecisionKind.SetSigner).Select(static entry => entry.Action));
    }

    // Whoever lets it turn back by itself, at night, is not there to say that the old authority may sign.
    [Theory]
    [InlineData(true, "a")]
    [InlineData(false, "b")]
    public void What_turns_back_by_itself_signs_there_by_itself(bool automatic, string signer)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(3);
        world.Rotate("b", EngineWorld.Quick with { AutomaticRollback = automatic, TrustGate = GatePolicy.Approval, DropGate = GatePolicy.Approval });
        world.Pass(5);
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = false);
        world.Advance(Gate.G1);
        world.Pass(TimeSpan.FromMinutes(2));
        if (!automatic)
        {
            world.Turn(RotationGoal.Back);
            world.Pass(60);
        }

        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = true);
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Ack());
        world.Pass(60);
        Assert.Equal((RotationGoal.Back, signer, "A,B"), (world.State.Plan!.Goal, world.State.Signer, world.Bundle));
    }

    [Fact]
    public void A_webhook_is_asked_when_the_evidence_is_complete_and_once_for_each_step()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        GatePolicy webhook = new(GateKind.Webhook);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = webhook, DropGate = webhook });
        world.Pass(60);
        Assert.Empty(Asked(world));
        proxy.Bundle.Answers = true;
        proxy.Bundle.Ack();
        world.Pass(60);
        AskWebhook first = Assert.Single(Asked(world));
        Assert.Equal((Gate.G1, "set signer b"), (first.Gate, first.Step));
        Assert.Equal("awaiting_webhook", world.Engine.Outlook()!.Value.Refusal?.Code);

        Answer(world, first, WebhookVerdict.Wait, "office hours");
        world.Pass(1);
        Assert.Contains("office hours", world.Engine.Outlook()!.Value.Refusal!.Blockers[0].Detail, StringComparison.Ordinal);
        world.Pass(30);
        AskWebhook second = Asked(world)[1];
        Assert.Equal(2, Asked(world).Count);
        Answer(world, first, WebhookVerdict.Allow, "stale");
        world.Pass(1);
        Assert.Equal("a", world.State.Signer);
        Answer(world, second, WebhookVerdict.Allow, "");
        world.Pass(10);
        Assert.Equal(("b", "A,B"), (world.State.Signer, world.Bundle));
        Assert.Equal(Gate.G3, Asked(world)[2].Gate);
        Answer(world, Asked(world)[2], WebhookVerdict.Allow, "");
        world.Pass(10);
        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_webhook_that_says_no_holds_the_plan_or_turns_it_back_where_the_policy_says_so(bool automatic)
    {
        EngineWorld world = new();
        world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { WaveGate = new GatePolicy(GateKind.Webhook), Waves = [Wave.Of(1)], AutomaticRollback = automatic });
        world.Pass(10);
        Answer(world, Assert.Single(Asked(world)), WebhookVerdict.Deny, "error rate 4 %");
        world.Pass(10);
        if (automatic)
        {
            Assert.Equal(("a", "A", RotationGoal.Back), (world.State.Signer, world.Bundle, world.State.Past[0].Goal));
        }
        else
        {
            Assert.Equal(HoldCause.Webhook, world.State.Plan!.Hold!.Cause);
            Assert.Contains("error rate 4 %", world.State.Plan.Hold.Reason, StringComparison.Ordinal);
            world.Unhold(HoldCause.Webhook);
            world.Pass(10);
            Assert.Equal(2, Asked(world).Count);
        }
    }

    [Fact]
    public void The_no_of_a_webhook_is_passed_over_by_its_name_in_one_order()
    {
        EngineWorld world = DeniedWorld(out _);
        Refusal shown = world.Engine.Outlook()!.Value.Refusal!;
        Blocker denial = Assert.Single(shown.Blockers);
        Assert.Equal((BlockerReason.Webhook, "webhook", "the webhook said no: error rate 4 %"), (denial.Reason, denial.OverrideName, denial.Detail));
        Assert.Contains("pass over its no by the name 'webhook'", world.State.Plan!.HeldMessage, StringComparison.Ordinal);

        CommandOutcome plain = world.Advance(Gate.G2);
        Assert.Equal((CommandStatus.Refused, "held"), (plain.Status, plain.Refusal!.Code));
        Assert.Equal(denial, Assert.Single(plain.Refusal.Blockers));
        Assert.Equal(CommandStatus.Done, Pass(world, validateOnly: true, "webhook").Status);
        Assert.Equal((1, HoldCause.Webhook), (world.State.Plan!.WavesBegun, world.State.Plan.Hold!.Cause));

        Assert.Equal(CommandStatus.Done, Pass(world, validateOnly: false, "webhook").Status);
        Assert.Equal((2, null), (world.State.Plan!.WavesBegun, world.State.Plan.Hold));
        Decision entry = world.Store.Log[^1];
        Assert.Equal((DecisionKind.OverrideGate, "set signer b for wave 2, passing over the hold"), (entry.Kind, entry.Action));
        Assert.Contains("Passed over: the webhook said no: error rate 4 %", entry.Reason, StringComparison.Ordinal);
        world.Pass(10);
        Answer(world, Asked(world)[1], WebhookVerdict.Allow, "");
        world.Pass(60);
        Assert.Equal(("b", RotationPhase.Steady), (world.State.Signer, world.Engine.Phase));
    }

    [Fact]
    public void Whoever_blocks_beside_the_webhook_has_to_be_named_too()
    {
        EngineWorld world = DeniedWorld(out Sidecar canary);
        canary.Leaf.Answers = false;
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = canary.Instance.Id });
        canary.Leaf.Nack("no such curve");
        world.Pass(1);
        Refusal shut = world.Engine.Outlook()!.Value.Refusal!;
        Assert.Contains(shut.Blockers, blocker => blocker.OverrideName == "webhook");
        Assert.Contains(shut.Blockers, blocker => blocker.InstanceId == canary.Instance.Id);

        Assert.Equal("override_incomplete", Pass(world, validateOnly: false, "webhook").Refusal!.Code);
        Assert.Equal(CommandStatus.Done, Pass(world, validateOnly: false, [.. shut.Blockers.Select(blocker => blocker.OverrideName!)]).Status);
        Assert.Null(world.State.Plan!.Hold);
    }

    [Fact]
    public void A_hold_for_anything_else_is_not_lifted_by_that_name()
    {
        EngineWorld world = new();
        world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { WaveGate = GatePolicy.Approval, Waves = [Wave.Of(1)] });
        world.Pass(10);
        world.Do(id => new HoldRotation { Id = id, Actor = "op", Reason = "change freeze" });

        CommandOutcome refused = Pass(world, validateOnly: false, "webhook");

        Assert.Equal((CommandStatus.Refused, "held"), (refused.Status, refused.Refusal!.Code));
        Assert.Equal(HoldCause.Operator, world.State.Plan!.Hold!.Cause);
    }

    // The unsafe gate: it skips evidence and soaks, never the rules that keep handshakes whole.
    [Fact]
    public void A_time_gate_advances_by_the_clock_and_still_issues_no_leaf_that_somebody_would_refuse()
    {
        EngineWorld world = new();
        Sidecar late = world.Sidecar("late").Start();
        Sidecar other = world.Sidecar("other").Start();
        late.Bundle.Answers = false;
        GatePolicy minute = new(GateKind.Time, TimeSpan.FromMinutes(1));
        world.Rotate("b", EngineWorld.Quick with { TrustGate = minute, DropGate = minute, TrustSoak = TimeSpan.FromHours(9), DropSoak = TimeSpan.FromHours(9) });
        world.Pass(50);
        Assert.Equal("a", world.State.Signer);
        world.Pass(20);
        Assert.Equal("b", world.State.Signer);
        Sidecar joiner = world.Sidecar("joiner").Start();
        Assert.True(joiner.IsOn("a"));
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.True(other.IsOn("a"));
        Assert.Equal("A,B", world.Bundle);
        Assert.Contains(world.Store.Log, entry => entry.Action == "set signer b" && entry.Reason.Contains("nobody was asked", StringComparison.Ordinal));

        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(60);
        Assert.All([late, other, joiner], sidecar => Assert.True(sidecar.IsOn("b")));
        Assert.Equal(("B", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
        world.AssertSound();
    }

    [Fact]
    public void Only_what_is_named_is_passed_over_and_only_what_blocks_can_be_named()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar one = world.Sidecar("one").Start();
        Sidecar two = world.Sidecar("two").Start();
        one.Bundle.Answers = false;
        two.Bundle.Answers = false;
        world.Rotate("b");
        world.Pass(60);
        CommandOutcome half = world.Override(Gate.G1, one.Instance.Id);
        Assert.Equal((CommandStatus.Refused, "override_incomplete"), (half.Status, half.Refusal?.Code));
        CommandOutcome stranger = world.Override(Gate.G1, one.Instance.Id, two.Instance.Id, "nobody");
        Assert.Equal(CommandStatus.Refused, stranger.Status);
        Assert.Contains("'nobody' does not block", stranger.Message, StringComparison.Ordinal);
        Assert.Equal(1, world.Engine.Floor);

        Assert.Equal(CommandStatus.Done, world.Override(Gate.G1, one.Instance.Id, two.Instance.Id).Status);
        Assert.Equal(("b", 2), (world.State.Signer, world.Engine.Floor));
        Decision entry = world.Store.Log.Single(entry => entry.Kind == DecisionKind.OverrideGate);
        Assert.Equal("op", entry.Actor);
        Assert.Contains(one.Instance.Id, entry.Reason, StringComparison.Ordinal);
        Assert.Contains("it is broken anyway", entry.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_was_passed_over_counts_again_when_it_has_proven_what_everyone_has()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(60);
        world.Override(Gate.G1, late.Instance.Id);
        world.Pass(60);
        Assert.False(late.Instance.Member);
        Assert.Equal(RotationPhase.Issuing, world.Engine.Phase);
        late.Bundle.Answers = true;
        late.Bundle.Ack();
        world.Pass(60);
        Assert.True(late.Instance.Member);
        Assert.True(late.IsOn("b"));
        world.AssertSound();
    }

    [Fact]
    public void A_leaf_that_needs_the_old_root_is_passed_over_by_its_serial_number()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar away = world.Sidecar("away").Start();
        string serial = away.Leaf.Serial;
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        away.Disconnect();
        world.Advance(Gate.G1);
        world.Pass(60);
        Assert.Equal(CommandStatus.Refused, world.Advance(Gate.G3).Status);
        Assert.Equal("A,B", world.Bundle);
        Assert.Equal(serial, Assert.Single(world.Engine.AllBlockers()).LeafSerial);
        Assert.Equal(CommandStatus.Done, world.Override(Gate.G3, serial).Status);
        world.Pass(1);
        Assert.Equal(LeafState.Overruled, world.Store.Ledger.Single(row => row.Serial == serial).State);
        world.Advance(Gate.G3);
        world.Pass(60);
        Assert.Equal("B", world.Bundle);
        world.AssertSound();
    }

    // A server that dies in between must not find, when it starts again, that nothing stands in the way.
    [Fact]
    public void The_ledger_forgets_what_was_passed_over_only_when_the_decision_is_durable()
    {
        EngineWorld world = new();
        world.Fleet(3);
        Sidecar away = world.Sidecar("away").Start();
        string serial = away.Leaf.Serial;
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        away.Disconnect();
        world.Advance(Gate.G1);
        world.Pass(60);
        world.Server.Pace = effect => effect is SaveState ? (TimeSpan.FromSeconds(5), default) : default;
        world.Server.Order(id => new AdvanceRotation { Id = id, Actor = "op", Gate = Gate.G3, Override = [serial] });
        world.Pass(4);
        Assert.Equal(LeafState.Acked, world.Store.Ledger.Single(row => row.Serial == serial).State);
        world.Pass(4);
        Assert.Equal(LeafState.Overruled, world.Store.Ledger.Single(row => row.Serial == serial).State);
    }

    [Fact]
    public void A_soak_is_passed_over_only_by_its_name()
    {
        EngineWorld world = new();
        world.Fleet(3);
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromHours(1) });
        world.Pass(60);
        Assert.Equal(CommandStatus.Refused, world.Advance(Gate.G1).Status);
        Assert.Equal("a", world.State.Signer);
        Assert.Equal(CommandStatus.Done, world.Override(Gate.G1, Blocker.SoakName).Status);
        Assert.Equal("b", world.State.Signer);
    }

    /// <summary>Held before its second wave by the webhook's no.</summary>
    private static EngineWorld DeniedWorld(out Sidecar canary)
    {
        EngineWorld world = new();
        IReadOnlyList<Sidecar> fleet = world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { WaveGate = new GatePolicy(GateKind.Webhook), Waves = [Wave.Of(1), Wave.Of(2)] });
        world.Pass(10);
        Answer(world, Assert.Single(Asked(world)), WebhookVerdict.Deny, "error rate 4 %");
        world.Pass(10);
        canary = fleet.Single(sidecar => sidecar.IsOn("b"));
        return world;
    }

    private static CommandOutcome Pass(EngineWorld world, bool validateOnly, params string[] names) =>
        world.Do(id => new AdvanceRotation { Id = id, Actor = "op", Reason = "seen to", Gate = Gate.G2, Override = [.. names], ValidateOnly = validateOnly });

    private static List<AskWebhook> Asked(EngineWorld world) => [.. world.Effects.OfType<AskWebhook>()];

    private static void Answer(EngineWorld world, AskWebhook ask, WebhookVerdict verdict, string reason) =>
        world.Server.Post(new WebhookAnswered(ask.Ask, verdict, reason));

    // Where the time gate has set a signer whose root is not everywhere, the old authority signs in its place.
    [Fact]
    public void No_root_goes_while_its_authority_signs_in_the_place_of_one_that_is_not_trusted_everywhere()
    {
        EngineWorld world = new();
        Sidecar gone = world.Sidecar("gone").Start();
        gone.Disconnect();
        world.Rotate("b", EngineWorld.Quick with { Waves = [], TrustGate = new GatePolicy(GateKind.Time, TimeSpan.FromSeconds(5)) });
        world.Restart();
        world.Retire(gone.Instance.Id);
        world.Pass(20);
        Assert.Equal(("b", "A,B"), (world.State.Signer, world.Bundle));
        Assert.Equal(BlockerReason.YoungTerm, Assert.Single(world.Engine.AllBlockers()).Reason);
        world.Pass(11);
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void A_turn_says_what_it_still_waits_for()
    {
        EngineWorld world = new();
        world.Fleet(3);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(5);
        world.Advance(Gate.G1);
        world.Pass(5);
        Assert.Equal("rotation 'r1' goes back now, and waits at gate G1 for your approval: advance it", world.Turn(RotationGoal.Back).Message);
        world.Time.WallError = TimeSpan.FromHours(25);
        world.Pass(1);
        Assert.StartsWith("rotation 'r1' goes forward once it is no longer held: the wall clock jumped", world.Turn(RotationGoal.Forward).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gate_that_is_open_is_never_held_for_having_been_shut()
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Role("b", AuthorityRole.Passive);
        world.Pass(TimeSpan.FromDays(7));
        Assert.Equal((null, true), (world.State.Plan!.Hold, world.Engine.Outlook()!.Value.Verdict.Open));
        Assert.Equal(CommandStatus.Done, world.Role("b", AuthorityRole.Active).Status);
    }

    [Fact]
    public void What_has_been_shut_for_too_long_is_passed_over_by_name_although_it_is_held()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar late = world.Sidecar("late").Start();
        late.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromMinutes(5) });
        world.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(HoldCause.Deadline, world.State.Plan!.Hold?.Cause);
        Assert.Equal(CommandStatus.Refused, world.Advance().Status);
        Assert.Equal(CommandStatus.Done, world.Override(Gate.G1, late.Instance.Id).Status);
        Assert.Null(world.State.Plan!.Hold);
        Assert.Equal(1, world.State.Plan.WavesBegun);
    }

    [Fact]
    public void Once_nothing_needs_the_old_root_a_no_of_the_webhook_turns_nobody_back()
    {
        EngineWorld world = new();
        world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { DropGate = new GatePolicy(GateKind.Webhook), AutomaticRollback = true });
        world.Pass(10);
        Assert.Equal(RotationPhase.Drained, world.Engine.Phase);
        AskWebhook ask = world.Effects.OfType<AskWebhook>().Last();
        world.Server.Post(new WebhookAnswered(ask.Ask, WebhookVerdict.Deny, "change freeze"));
        world.Pass(1);
        Assert.Equal((RotationGoal.Forward, HoldCause.Webhook), (world.State.Plan!.Goal, world.State.Plan.Hold!.Cause));
    }

    [Fact]
    public void A_server_that_was_away_says_so_rather_than_blaming_the_clock_alone()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(10);
        world.Server.Kill();
        proxy.Disconnect();
        world.Pass(TimeSpan.FromMinutes(8));
        world.Server.Start();
        world.Pass(1);
        Assert.StartsWith("the server was away for 00:08:", world.State.Plan!.Hold!.Reason, StringComparison.Ordinal);
        world.Unhold();
        world.Time.WallError = TimeSpan.FromHours(25);
        world.Pass(TimeSpan.FromMinutes(3));
        Assert.StartsWith("the wall clock jumped", world.State.Plan.Hold!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_gate_signs_no_earlier_than_it_was_told()
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = new GatePolicy(GateKind.Time, TimeSpan.FromMinutes(1)), SignNotBefore = world.Time.Now.Utc.AddHours(3) });
        world.Pass(TimeSpan.FromHours(2.9));
        Assert.Equal("a", world.State.Signer);
        world.Pass(TimeSpan.FromHours(0.2));
        Assert.Equal("b", world.State.Signer);
    }
}
