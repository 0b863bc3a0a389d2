using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Traces in which a wave would reach more than it may, a halt would halt nothing, or an order would do more, or less, than it says.</summary>
public sealed partial class RotationTracesOfWavesTests
{
    private static readonly RotationPolicy OneByOne = EngineWorld.Quick with { MaxInFlight = 1, TrustGate = GatePolicy.Approval };
    private static readonly RotationPolicy WebhookAfterOne = EngineWorld.Quick with { Waves = [Wave.Of(1)], CanarySoak = TimeSpan.FromMinutes(10), WaveGate = new GatePolicy(GateKind.Webhook) };

    public static TheoryData<string> WaysOfWaiting => ["approval", "held", "old signer fails"];

    [Theory]
    [MemberData(nameof(WaysOfWaiting))]
    public void A_plan_that_was_turned_back_moves_nobody_more_forward_while_its_way_back_waits(string why)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Refuse(world, fleet, OneByOne);
        if (why == "old signer fails")
        {
            world.Server.Fate = static effect => effect is SignLeaf { AuthorityId: "a" } ? EffectFate.Fails : EffectFate.Works;
            world.Sidecar("joiner").Start();
        }

        world.Turn(RotationGoal.Back);
        if (why == "held")
        {
            world.Do(static id => new HoldRotation { Id = id, Actor = "op", Reason = "stop it all" });
        }

        world.Pass(60);
        Assert.Equal((RotationGoal.Back, "b"), (world.State.Plan!.Goal, world.State.Signer));
        Assert.Equal(1, Moved(world));
    }

    [Fact]
    public void A_plan_that_was_turned_back_moves_nobody_more_forward_while_the_store_writes_its_way_back()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Refuse(world, fleet, EngineWorld.Quick with { MaxInFlight = 1, TrustSoak = TimeSpan.FromSeconds(60) });
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromMilliseconds(20), default) : default;
        world.Server.Order(static id => new TurnRotation { Id = id, Actor = "op", Goal = RotationGoal.Back });
        world.Pass(60);
        Assert.Equal(1, Moved(world));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Nobody_is_moved_while_an_operators_stop_is_being_written_or_waits_for_the_store(bool hold, bool isOccupied)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne);
        Sidecar first = Assert.Single(fleet, IsMoving);
        if (isOccupied)
        {
            Occupy(world, TimeSpan.FromSeconds(20));
        }

        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(20), default) : default;
        world.Server.Order(id => hold ? new HoldRotation { Id = id, Actor = "op", Reason = "stop" } : new TurnRotation { Id = id, Actor = "op", Goal = RotationGoal.Back });
        world.Pass(1);
        Answer(fleet, true);
        first.Leaf.Ack();
        world.Pass(15);
        Assert.Single(fleet, IsMoving);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_is_kept_with_an_old_authority_that_does_not_sign_is_not_left_without_a_leaf(bool turnedBack)
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        Begin(world, fleet, OneByOne);
        Answer(fleet, true);
        world.Server.Fate = static effect => effect is SignLeaf { AuthorityId: "a" } ? EffectFate.Fails : EffectFate.Works;
        world.Do(id => turnedBack ? new TurnRotation { Id = id, Actor = "op", Goal = RotationGoal.Back } : new HoldRotation { Id = id, Actor = "op", Reason = "stop" });
        world.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal(1, Moved(world));
        world.Pass(TimeSpan.FromMinutes(29));
        Assert.All(fleet, sidecar => Assert.Contains(sidecar.Instance.Outstanding, row => row.NotAfter > world.Time.Now.Utc.AddMinutes(5)));
    }

    [Fact]
    public void A_wave_of_one_reaches_one_also_where_the_others_are_away_for_a_moment()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Sidecar last = fleet.MaxBy(static sidecar => WaveAssignment.PlaceOf("r1", sidecar.Key.SpiffeId, sidecar.Key.NodeId))!;
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromMinutes(10), Waves = [Wave.Of(1), Wave.OfPercent(50)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(TimeSpan.FromMinutes(9.8));
        Action back = Leave(fleet.Where(sidecar => sidecar != last));
        world.Pass(20);
        Assert.Equal(0, world.State.Plan!.WavesBegun);
        Assert.Contains(world.Engine.AllBlockers(), static blocker => blocker is { Reason: BlockerReason.Absent, Until: not null });
        back();
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal((1, 1), (world.State.Plan!.WavesBegun, Moved(world)));
    }

    [Fact]
    public void A_wave_of_a_tenth_reaches_a_tenth_also_where_the_others_are_away_for_a_moment()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Sidecar[] order = [.. fleet.OrderBy(static sidecar => WaveAssignment.PlaceOf("r1", sidecar.Key.SpiffeId, sidecar.Key.NodeId))];
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(1), Wave.OfPercent(10)], CanarySoak = TimeSpan.FromMinutes(1), WaveSoak = TimeSpan.FromHours(1) });
        world.Pass(50);
        Assert.True(order[0].IsOn("b"));
        Action back = Leave(order[1..^1]);
        world.Pass(20);
        back();
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal((2, 4), (world.State.Plan!.WavesBegun, Moved(world)));
    }

    // Leaves of its own are all it needs; whoever comes after it has done so for long is not waited for.
    [Fact]
    public void An_identity_whose_processes_come_and_go_without_end_does_not_keep_a_wave_from_being_counted_out()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromMinutes(10));
        world.Fleet(5);
        Sidecar first = world.Sidecar("flies", peer: "ip:10.0.0.1");
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.OfPercent(50)], TrustSoak = TimeSpan.FromMinutes(1) });
        for (int i = 0; i < 150 && world.State.Plan!.WavesBegun == 0; i++)
        {
            Sidecar fly = world.Sibling(first, $"fly{i}").Start();
            world.Pass(10);
            fly.Disconnect();
        }

        Assert.Equal("b", world.State.Signer);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nobody_follows_who_has_gone_without_an_answer(bool canary)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, canary ? OneByOne with { MaxInFlight = null, Waves = [Wave.Of(1)] } : OneByOne);
        Sidecar first = Assert.Single(fleet, IsMoving);
        (string? leaf, string? bundle) = (first.Leaf.Accepted, first.Bundle.Accepted);
        first.Disconnect();
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal((1, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));
        Assert.Contains(first.Key.NodeId, world.State.Plan.Hold!.Reason, StringComparison.Ordinal);

        // It was its link: back, it answers, and all goes on.
        Answer(fleet, true);
        first.Return(leaf, bundle);
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Null(world.State.Plan);
    }

    [Fact]
    public void Nobody_is_silent_to_a_plan_that_has_turned_back()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne);
        Assert.Single(fleet, IsMoving).Disconnect();
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal(1, world.Engine.WaveFacts.Silent);
        world.Turn(RotationGoal.Back);
        world.Pass(1);
        Assert.Equal(0, world.Engine.WaveFacts.Silent);
    }

    [Fact]
    public void Who_takes_the_place_of_a_wave_that_has_ended_is_counted_out_when_those_away_for_a_moment_are_back()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne with { Waves = [Wave.Of(1)], CanarySoak = TimeSpan.FromHours(1) });
        Sidecar canary = Assert.Single(fleet, IsMoving);
        Answer(fleet, true);
        canary.Disconnect();
        world.Server.Post(new ProcessDeparted(canary.Key.Peer));
        world.Pass(20);
        Sidecar last = fleet.Remove(canary).MaxBy(static sidecar => WaveAssignment.PlaceOf("r1", sidecar.Key.SpiffeId, sidecar.Key.NodeId))!;
        Action back = Leave(fleet.Where(sidecar => sidecar != canary && sidecar != last));
        world.Pass(25);
        back();
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal((1, 2), (world.State.Plan!.WavesBegun, Moved(world)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void With_one_in_flight_nobody_follows_over_a_restart(bool isBack)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        List<(Sidecar Sidecar, string? Leaf, string? Bundle)> held = [.. fleet.Select(static sidecar => (sidecar, sidecar.Leaf.Accepted, sidecar.Bundle.Accepted))];
        Begin(world, fleet, OneByOne);
        Sidecar first = Assert.Single(fleet, IsMoving);
        world.Restart(fleet);
        held.RemoveAll(back => back.Sidecar == first && !isBack);
        held.ForEach(static back =>
        {
            back.Sidecar.Return(back.Leaf, back.Bundle);
            back.Sidecar.Leaf.Answers = false;
        });
        world.Pass(120);
        Assert.Equal(1, Moved(world));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hold_for_silence_is_not_healed_by_the_death_of_the_silent(bool canary)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne with { Waves = canary ? [Wave.Of(1)] : [], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(80);
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold?.Cause);
        Assert.Single(fleet, IsMoving).Disconnect();
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal((1, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));
        world.Restart(fleet);
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold?.Cause);

        world.Unhold(HoldCause.Silent);
        world.Pass(60);
        Assert.Null(world.State.Plan!.Hold);
    }

    [Fact]
    public void One_leaf_that_two_sources_refuse_is_one_refusal()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        ScriptedStream other = proxy.Open(SecretKind.Leaf, name: "Leaf2");
        world.Fleet(3);
        world.Pass(60);
        world.Rotate("b", EngineWorld.Quick with { AutomaticRollback = true, TrustGate = GatePolicy.Approval, Waves = [Wave.Of(new WaveSelector("/p"))] });
        world.Pass(5);
        proxy.Leaf.Answers = other.Answers = false;
        world.Advance(Gate.G1);
        world.Pass(1);
        Assert.Equal(proxy.Leaf.Serial, other.Serial);
        proxy.Leaf.Nack("first");
        other.Nack("first");
        world.Pass(2);
        Assert.Equal(RotationGoal.Forward, world.State.Plan!.Goal);

        // A fresh one is the second.
        world.Pass(TimeSpan.FromSeconds(30));
        Assert.NotEqual(proxy.Leaf.Serial, proxy.Leaf.Accepted);
        proxy.Leaf.Nack("second");
        world.Pass(2);
        Assert.Equal(RotationGoal.Back, world.State.Plan!.Goal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_order_moves_what_a_doubt_holds_that_the_same_look_has_found(bool byRole)
    {
        EngineWorld world = new();
        world.Fleet(3);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(60);
        world.Time.WallError += TimeSpan.FromHours(2);
        CommandOutcome outcome = byRole ? world.Role("b", AuthorityRole.Active) : world.Advance(Gate.G1);
        Assert.Equal((CommandStatus.Refused, "a"), (outcome.Status, world.State.Signer));
    }

    [Fact]
    public void A_yes_of_the_webhook_from_before_a_refusal_opens_nothing_after_it()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        Allow(world);
        world.Rotate("b", WebhookAfterOne);
        Sidecar canary = UntilAsked(world, fleet);
        canary.Leaf.Answers = false;
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = canary.Instance.Id });
        canary.Leaf.Nack("no such curve");
        world.Pass(60);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold?.Cause);
        world.Pass(TimeSpan.FromHours(3));
        canary.Leaf.Answers = true;
        canary.Leaf.Ack();
        world.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal(2, world.Effects.OfType<AskWebhook>().Count());
    }

    [Fact]
    public void A_yes_to_the_first_wave_begun_again_is_no_yes_to_the_second()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        Allow(world);
        world.Rotate("b", WebhookAfterOne);
        world.Pass(30);
        Action back = Leave(fleet.Where(static sidecar => sidecar.IsOn("b")));
        while (!world.Effects.OfType<AskWebhook>().Any())
        {
            world.Pass(1);
        }

        Assert.Equal(1, world.Effects.OfType<AskWebhook>().Single().Wave);
        back();
        world.Pass(TimeSpan.FromMinutes(30));
        Assert.Contains(world.Effects.OfType<AskWebhook>(), static ask => ask.Wave == 2);
    }

    [Fact]
    public void An_unhold_excuses_who_had_refused_when_it_was_ordered()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne with { MaxInFlight = 2 });
        Sidecar[] moving = [.. fleet.Where(IsMoving)];
        moving[0].Leaf.Nack("no such root");
        world.Pass(1);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold?.Cause);
        Occupy(world, TimeSpan.FromSeconds(5));
        world.Server.Order(static id => new UnholdRotation { Id = id, Actor = "op", Cause = HoldCause.Nack });
        world.Pass(1);
        moving[1].Leaf.Nack("another one");
        world.Pass(30);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold?.Cause);
    }

    [Fact]
    public void An_unhold_passes_over_who_was_silent_when_it_was_ordered()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne with { MaxInFlight = 2, MaxSilentPercent = 1 });
        Sidecar[] moving = [.. fleet.Where(IsMoving)];
        world.Pass(10);
        moving[0].Leaf.Ack();
        world.Pass(20);
        Assert.Equal((1, HoldCause.Silent), (world.Engine.WaveFacts.Silent, world.State.Plan!.Hold?.Cause));
        Occupy(world, TimeSpan.FromSeconds(15));
        world.Server.Order(static id => new UnholdRotation { Id = id, Actor = "op", Cause = HoldCause.Silent });
        world.Pass(60);
        Assert.Contains(world.Store.Log, static entry => entry.Kind == DecisionKind.UnholdRotation);
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold?.Cause);
    }

    [Fact]
    public void An_operator_goes_on_without_an_admin_that_shows_nothing()
    {
        EngineWorld world = new();
        Probed(world, 1, static _ => false);
        world.Rotate("b", EngineWorld.Quick with { Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(TimeSpan.FromMinutes(3));
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold?.Cause);
        world.Unhold(HoldCause.Silent);
        world.Pass(30);
        Assert.Null(world.State.Plan?.Hold);
    }

    [Fact]
    public void An_operator_goes_on_without_admins_that_have_shown_nothing_for_the_time_of_a_quarantine()
    {
        EngineWorld world = new();
        Probed(world, 40, static number => number >= 3);
        world.Rotate("b", EngineWorld.Quick with { Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal(HoldCause.Silent, world.State.Plan?.Hold?.Cause);
        world.Unhold(HoldCause.Silent);
        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal((null, "B"), (world.State.Plan?.Hold?.Cause, world.Bundle));
    }

    [Theory]
    [InlineData(true, Gate.G2)]
    [InlineData(false, Gate.G3)]
    public void An_admin_that_shows_nothing_can_be_passed_over_by_name(bool byWaves, Gate gate)
    {
        EngineWorld world = new();
        int? mute = null;
        Probed(world, 4, number => byWaves && number != (mute ??= number));
        world.Rotate("b", EngineWorld.Quick with { Evidence = LeafEvidence.EnvoyAdmin, Waves = byWaves ? [Wave.Of(1)] : [], MaxSilentPercent = 100 });
        world.Pass(TimeSpan.FromMinutes(3));
        Assert.Equal(gate, world.Engine.Outlook()!.Value.Verdict.Gate);
        CommandOutcome outcome = world.Override(gate, [.. world.Engine.AllBlockers().Select(static blocker => blocker.OverrideName!)]);
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal((CommandStatus.Done, "B"), (outcome.Status, world.Bundle));
    }

    [Fact]
    public void An_operator_goes_on_without_a_moved_proxy_that_leaves_its_renewal_unanswered()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(1)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(30);
        Sidecar canary = fleet.Single(static sidecar => sidecar.IsOn("b"));
        canary.Leaf.Answers = false;
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = canary.Instance.Id });
        world.Pass(60);
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold?.Cause);
        world.Unhold(HoldCause.Silent);
        world.Pass(60);
        Assert.Null(world.State.Plan!.Hold);
    }

    [Fact]
    public void Nobody_is_taken_over_before_that_order_is_durable()
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(60);
        ScriptedStream newer = world.Sidecar("newer").Open(SecretKind.Bundle, reports: "b9-0000000000000000");
        world.Pass(5);
        Assert.Equal(HoldCause.OlderStore, world.State.Plan!.Hold?.Cause);
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(20), default) : default;
        world.Server.Order(static id => new UnholdRotation { Id = id, Actor = "op", Cause = HoldCause.OlderStore });
        world.Pass(15);
        Assert.Empty(newer.Got);
        world.Pass(15);
        Assert.Single(newer.Got);
    }

    [Fact]
    public void No_leaf_rests_on_a_confirmation_that_is_not_durable()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("unmanaged");
        ScriptedStream leaf = proxy.Open(SecretKind.Leaf);
        world.Pass(60);
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(20), default) : default;
        string instance = proxy.Instance.Id;
        world.Server.Order(id => new ConfirmTrust { Id = id, Actor = "op", InstanceId = instance, Epoch = world.State.Epoch });
        world.Pass(15);
        Assert.Empty(leaf.Got);
        world.Pass(15);
        Assert.Single(leaf.Got);
    }

    // As BundleEncoder.FindFault has it: an expired root counts only where the plan leaves it.
    [Fact]
    public void Whether_the_bundle_has_a_fault_is_looked_at_anew_when_the_plan_turns()
    {
        EngineSeams seams = Mesh.Seams(new Random(1)) with
        {
            FindBundleFault = static (state, now) => now > Mesh.Born.AddHours(1) && (state.Plan is not { } plan || state.RootOf(plan.Target).Id == "A") ? "bundle: root A has expired" : null,
        };
        EngineWorld world = new(seams: seams);
        world.Fleet(2);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(TimeSpan.FromHours(2));
        Assert.Null(world.State.Plan!.Hold);
        world.Turn(RotationGoal.Back);
        world.Pass(1);
        Assert.Equal(HoldCause.Invariant, world.State.Plan!.Hold?.Cause);
        world.Turn(RotationGoal.Forward);
        world.Pass(1);
        Assert.Null(world.State.Plan!.Hold);
    }

    [Fact]
    public void A_retirement_is_an_order_like_any_other_to_whoever_states_the_revision()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar gone = world.Sidecar("gone").Start();
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(60);
        string instance = gone.Instance.Id;
        gone.Disconnect();
        world.Pass(1);
        long seen = world.State.Decisions;
        Assert.Equal(CommandStatus.Done, world.Do(id => new RetireInstance { Id = id, Actor = "one", InstanceId = instance, ExpectedDecisions = seen }).Status);
        Assert.Equal(CommandStatus.Aborted, world.Do(id => new AdvanceRotation { Id = id, Actor = "two", Gate = Gate.G1, ExpectedDecisions = seen }).Status);
    }

    private static bool IsMoving(Sidecar sidecar) => sidecar.Streams.Count > 0 && sidecar.Leaf.Got.Count > 1;

    // Whoever was ever given a leaf of the new authority, whether it has taken it or not.
    private static int Moved(EngineWorld world) => world.Store.Ledger.Where(static row => row.AuthorityId == "b" && row.Key.NodeId.StartsWith("fleet", StringComparison.Ordinal)).Select(static row => row.Key).Distinct().Count();

    private static void Answer(IEnumerable<Sidecar> fleet, bool answers)
    {
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Leaf.Answers = answers;
        }
    }

    private static Action Leave(IEnumerable<Sidecar> leaving)
    {
        List<(Sidecar Sidecar, string? Leaf, string? Bundle)> away = [.. leaving.Select(static sidecar => (sidecar, sidecar.Leaf.Accepted, sidecar.Bundle.Accepted))];
        away.ForEach(static back => back.Sidecar.Disconnect());
        return () => away.ForEach(static back => back.Sidecar.Return(back.Leaf, back.Bundle));
    }

    // Nobody answers what the first wave brings.
    private static void Begin(EngineWorld world, ImmutableArray<Sidecar> fleet, RotationPolicy policy)
    {
        world.Rotate("b", policy);
        world.Pass(5);
        Answer(fleet, false);
        if (policy.TrustGate.Kind == GateKind.Approval)
        {
            world.Advance(Gate.G1);
        }

        while (!fleet.Any(IsMoving))
        {
            world.Pass(1);
        }

        world.Pass(1);
    }

    private static void Refuse(EngineWorld world, ImmutableArray<Sidecar> fleet, RotationPolicy policy)
    {
        Begin(world, fleet, policy);
        Assert.Single(fleet, IsMoving).Leaf.Nack("no such root");
        world.Pass(1);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold?.Cause);
    }

    private static void Occupy(EngineWorld world, TimeSpan each)
    {
        world.Server.Pace = effect => effect is SaveState ? (each, default) : default;
        world.Server.Order(static id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("c", "C"), Root = Mesh.Root("C") });
        world.Pass(0.1);
    }

    private static void Allow(EngineWorld world)
    {
        world.Server.Pace = static effect => effect is AskWebhook ? (TimeSpan.FromSeconds(5), TimeSpan.Zero) : default;
        world.Server.Webhook = static ask => new WebhookAnswered(ask.Ask, WebhookVerdict.Allow, "");
    }

    private static Sidecar UntilAsked(EngineWorld world, ImmutableArray<Sidecar> fleet)
    {
        while (!world.Effects.OfType<AskWebhook>().Any())
        {
            world.Pass(1);
        }

        return fleet.Single(static sidecar => sidecar.IsOn("b"));
    }

    private static void Probed(EngineWorld world, int proxies, Func<int, bool> shows)
    {
        Dictionary<string, int> numbers = Enumerable.Range(0, proxies).ToDictionary(n => world.Sidecar($"s{n}", admin: new Uri($"http://10.0.0.{n}:9901")).Start().Instance.Id);
        world.Server.Probe = probe => new ProxyProbed(probe.InstanceId, probe.Serial, shows(numbers[probe.InstanceId]), "not in /certs");
    }
}
