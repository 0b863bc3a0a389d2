using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What stops a wave stops it at once and for as long as it is true; what does not, does not.</summary>
public sealed partial class RotationTracesOfWavesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hold_for_silence_is_not_healed_for_a_minute_by_the_death_of_the_silent(bool comesBack)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, EngineWorld.Quick with { TrustGate = GatePolicy.Approval, Waves = [Wave.Of(10)], CanarySoak = TimeSpan.FromHours(1) });
        Sidecar[] moving = [.. fleet.Where(IsMoving)];
        Assert.Equal(2, moving.Length);
        world.Pass(35);
        Assert.Equal((2, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));
        Answer(fleet, true);
        moving[1].Leaf.Ack();
        world.Pass(10);
        Assert.Equal((2, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));

        (string? leaf, string? bundle) = (moving[0].Leaf.Accepted, moving[0].Bundle.Accepted);
        moving[0].Disconnect();
        world.Pass(1);
        if (comesBack)
        {
            moving[0].Answers = false;
            moving[0].Return(leaf, bundle);
            moving[0].Bundle.Answers = true;
        }

        world.Pass(58);
        Assert.Equal((2, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));
    }

    [Fact]
    public void Whose_renewal_was_lost_with_the_server_is_not_left_to_an_old_authority_that_does_not_sign()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        ImmutableArray<Sidecar> fleet = world.Fleet(3);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval, MaxInFlight = 1 });
        world.Pass(5);
        Answer(fleet, false);
        world.Advance(Gate.G1);
        while (!fleet.Any(IsMoving))
        {
            world.Pass(1);
        }

        world.Do(static id => new HoldRotation { Id = id, Actor = "op", Reason = "stop" });
        Sidecar held = fleet.First(static sidecar => !IsMoving(sidecar));
        while (held.Instance.Outstanding.Length < 2)
        {
            world.Pass(1);
        }

        (string? leaf, string? bundle) = (held.Leaf.Accepted, held.Bundle.Accepted);
        Assert.All(held.Instance.Outstanding, static row => Assert.Equal("a", row.AuthorityId));
        DateTimeOffset end = held.Instance.Outstanding.Min(static row => row.NotAfter);
        world.Restart(fleet);
        world.Server.Fate = static effect => effect is SignLeaf { AuthorityId: "a" } ? EffectFate.Fails : EffectFate.Works;
        held.Return(leaf, bundle);
        held.Leaf.Answers = true;
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromMinutes(1));
        Assert.NotNull(world.State.Plan!.Hold);
        Assert.NotEmpty(held.Leaf.Got);
    }

    [Fact]
    public void A_yes_of_the_webhook_from_before_a_refusal_opens_nothing_after_it_also_without_a_soak()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Server.Pace = static effect => effect is AskWebhook ? (TimeSpan.FromSeconds(5), TimeSpan.Zero) : default;
        world.Server.Webhook = static ask => new WebhookAnswered(ask.Ask, WebhookVerdict.Allow, "");
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(1)], WaveGate = new GatePolicy(GateKind.Webhook) });
        while (!world.Effects.OfType<AskWebhook>().Any())
        {
            world.Pass(0.2);
        }

        Sidecar canary = fleet.Single(static sidecar => sidecar.IsOn("b"));
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
    public void Who_has_gone_without_an_answer_is_not_forgotten_by_two_turns()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne);
        Sidecar first = Assert.Single(fleet, IsMoving);
        first.Disconnect();
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal((1, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));
        world.Server.Fate = static effect => effect is SignLeaf { AuthorityId: "a" } ? EffectFate.Fails : EffectFate.Works;
        world.Sidecar("joiner").Start();
        world.Server.Fate = static _ => EffectFate.Works;
        world.Turn(RotationGoal.Back);
        world.Turn(RotationGoal.Forward);
        Assert.True(world.State.Plan!.WavesBegun > 0, $"{world.State.Plan.Goal} {world.State.Signer}");
        world.Pass(60);
        Assert.Equal(1, Moved(world));
    }

    [Theory]
    [InlineData("emergency", true)]
    [InlineData("emergency", false)]
    [InlineData("role", true)]
    public void Nobody_is_moved_while_another_order_that_ends_the_way_forward_waits_for_the_store(string what, bool isOccupied)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne);
        Sidecar first = Assert.Single(fleet, IsMoving);
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(20), default) : default;
        if (isOccupied)
        {
            Occupy(world, TimeSpan.FromSeconds(20));
        }

        world.Server.Order(id => what == "role"
            ? new SetRole { Id = id, Actor = "op", AuthorityId = "b", Role = AuthorityRole.Passive, RotationId = "r9", Policy = EngineWorld.Quick }
            : new StartRotation { Id = id, Actor = "op", RequestId = "e", RotationId = "e", To = "a", Kind = RotationKind.Emergency, Compromised = "b", Policy = EngineWorld.Quick });
        world.Pass(1);
        Answer(fleet, true);
        first.Leaf.Ack();
        world.Pass(15);
        Assert.Single(fleet, IsMoving);
    }

    [Fact]
    public void Two_identities_that_come_and_go_in_turn_do_not_keep_a_wave_from_being_counted_out()
    {
        EngineWorld world = new();
        world.Fleet(8);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.OfPercent(50)], TrustSoak = TimeSpan.FromMinutes(1) });
        Sidecar[] jobs = [world.Sidecar("job0", peer: "ip:10.0.0.1"), world.Sidecar("job1", peer: "ip:10.0.0.2")];
        for (int i = 0; i < 12 * 60 && world.State.Plan!.WavesBegun == 0; i++)
        {
            Sidecar job = world.Sibling(jobs[i % 2], $"job{i}");
            job = new Sidecar(world, job.Key with { Peer = $"ip:10.0.1.{i}" }, job.Workload).Start();
            world.Pass(5);
            job.Disconnect();
            world.Pass(44);
        }

        string blockers = string.Join("; ", world.Engine.AllBlockers().Select(static blocker => $"{blocker.Reason} {blocker.OverrideName}: {blocker.Detail}"));
        Assert.True(world.State.Plan!.WavesBegun > 0, blockers);
    }

    [Fact]
    public void A_renewal_moves_nobody_while_a_hold_that_was_heard_is_being_written()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromMinutes(10));
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        world.Rotate("b", OneByOne);
        world.Pass(230);
        Answer(fleet, false);
        world.Advance(Gate.G1);
        while (Moved(world) == 0)
        {
            world.Pass(0.1);
        }

        Sidecar first = fleet.First(sidecar => sidecar.Instance.Outstanding.Any(static row => row.AuthorityId == "b"));
        world.Pass(0.5);
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(20), default) : default;
        first.Leaf.Nack("no such root");
        int moved = Moved(world);
        world.Pass(18);
        Assert.Null(world.State.Plan!.Hold);
        Assert.Equal((1, 1), (moved, Moved(world)));
    }

    [Fact]
    public void Orders_about_others_do_not_keep_a_webhook_from_saying_yes()
    {
        EngineWorld world = new();
        world.Fleet(10);
        Sidecar[] pods = [.. Enumerable.Range(0, 200).Select(i => world.Sidecar($"pod{i}").Start())];
        world.Server.Pace = static effect => effect is AskWebhook ? (TimeSpan.FromSeconds(5), TimeSpan.Zero) : default;
        world.Server.Webhook = static ask => new WebhookAnswered(ask.Ask, WebhookVerdict.Allow, "");
        world.Rotate("b", EngineWorld.Quick with { TrustGate = new GatePolicy(GateKind.Webhook) });
        foreach (Sidecar pod in pods)
        {
            string id = pod.Instance.Id;
            pod.Disconnect();
            world.Pass(0.1);
            world.Retire(id);
            world.Pass(4);
        }

        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void The_next_wave_waits_for_who_has_just_left_without_an_answer()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, EngineWorld.Quick with { TrustGate = GatePolicy.Approval, Waves = [Wave.Of(2)], CanarySoak = TimeSpan.FromSeconds(20) });
        Sidecar[] moving = [.. fleet.Where(IsMoving)];
        Assert.Equal(2, moving.Length);
        Answer(fleet, true);
        moving[1].Leaf.Ack();
        moving[0].Disconnect();
        world.Pass(TimeSpan.FromMinutes(3));
        Assert.Equal((1, 2), (world.State.Plan!.WavesBegun, Moved(world)));
    }

    [Fact]
    public void A_wave_of_one_reaches_one_also_where_the_others_are_not_back_yet_after_a_restart()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = [.. Enumerable.Range(0, 40).Select(i => world.Sidecar($"fleet{i}", peer: $"ip:10.0.0.{i}").Start())];
        Sidecar last = fleet.MaxBy(static sidecar => WaveAssignment.PlaceOf("r1", sidecar.Key.SpiffeId, sidecar.Key.NodeId))!;
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromMinutes(10), Waves = [Wave.Of(1), Wave.OfPercent(50)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(30));
        List<(Sidecar Sidecar, string? Leaf, string? Bundle)> held = [.. fleet.Select(static sidecar => (sidecar, sidecar.Leaf.Accepted, sidecar.Bundle.Accepted))];
        world.Restart(fleet);
        held.Where(back => back.Sidecar == last).ToList().ForEach(static back => back.Sidecar.Return(back.Leaf, back.Bundle));
        world.Pass(50);
        int begun = world.State.Plan!.WavesBegun;
        held.Where(back => back.Sidecar != last).ToList().ForEach(static back => back.Sidecar.Return(back.Leaf, back.Bundle));
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.True((begun, Moved(world)) is (0, 1) or (1, 1), $"{begun} {world.State.Plan!.WavesBegun} {Moved(world)}");
    }

    [Fact]
    public void Who_is_not_back_in_time_after_a_restart_is_waited_for_no_longer()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = [.. Enumerable.Range(0, 10).Select(i => world.Sidecar($"fleet{i}", peer: $"ip:10.0.0.{i}").Start())];
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromMinutes(1), Waves = [Wave.Of(1)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(30);
        (string? leaf, string? bundle) = (fleet[0].Leaf.Accepted, fleet[0].Bundle.Accepted);
        world.Restart(fleet);
        fleet[0].Return(leaf, bundle);
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal((1, 1), (world.State.Plan!.WavesBegun, Moved(world)));
    }

    [Fact]
    public void Whom_the_old_authority_has_renewed_while_an_order_waited_that_is_refused_is_moved_then()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromMinutes(10));
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", OneByOne);
        world.Pass(230);
        Answer(fleet, false);
        world.Advance(Gate.G1);
        while (Moved(world) == 0)
        {
            world.Pass(0.1);
        }

        Sidecar first = fleet.First(static sidecar => sidecar.Instance.Outstanding.Any(static row => row.AuthorityId == "b"));
        world.Pass(0.5);
        Occupy(world, TimeSpan.FromSeconds(100));
        world.Server.Order(static id => new SetRole { Id = id, Actor = "op", AuthorityId = "nobody", Role = AuthorityRole.Passive, RotationId = "r9", Policy = EngineWorld.Quick });
        Answer(fleet, true);
        first.Leaf.Ack();
        world.Pass(95);
        int moved = Moved(world);
        world.Pass(60);
        Assert.Equal((1, 10), (moved, Moved(world)));
    }

    [Fact]
    public void Who_looks_while_the_retirement_of_the_last_away_is_written_is_answered()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromMinutes(1), Waves = [Wave.Of(1)] });
        world.Pass(59);
        string gone = fleet[0].Instance.Id;
        fleet[0].Disconnect();
        world.Pass(5);
        Assert.Contains(world.Engine.AllBlockers(), static blocker => blocker is { Reason: BlockerReason.Absent, Until: not null });
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(2), default) : default;
        world.Server.Order(id => new RetireInstance { Id = id, Actor = "op", InstanceId = gone });
        Assert.Null(Record.Exception(() => world.Engine.AllBlockers()));
        Assert.Null(Record.Exception(() => world.Engine.Outlook()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fleet_that_was_unsteady_before_there_was_a_plan_is_waited_for_when_it_begins(bool churn)
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Sidecar[] order = [.. fleet.OrderBy(static sidecar => WaveAssignment.PlaceOf("r1", sidecar.Key.SpiffeId, sidecar.Key.NodeId))];
        Sidecar last = order[^1];

        // One of forty is always just away, another one each time, for a quarter of an hour without a plan.
        Sidecar away = order[0];
        Action back = Leave([away]);
        for (int i = 1; i < 45 && churn; i++)
        {
            world.Pass(20);
            away = order[(i + 32) % 39];
            Action next = Leave([away]);
            back();
            back = next;
            world.Pass(1);
        }

        back += Leave(order[..^1].Where(sidecar => sidecar != away && (!churn || sidecar != order[36])));
        world.Pass(1);
        world.Rotate("a2", EngineWorld.Quick with { Waves = [Wave.Of(1), Wave.OfPercent(50)], CanarySoak = TimeSpan.FromHours(1) }, kind: RotationKind.Intermediate);
        world.Pass(10);
        int begun = world.State.Plan!.WavesBegun;
        back();
        world.Pass(TimeSpan.FromMinutes(10));
        int moved = world.Store.Ledger.Where(static row => row.AuthorityId == "a2").Select(static row => row.Key).Distinct().Count();
        Assert.Equal((0, 1, 1), (begun, world.State.Plan!.WavesBegun, moved));
    }

    [Theory]
    [InlineData("nack")]
    [InlineData("hold")]
    public void The_last_ones_of_a_wave_are_not_moved_while_a_stop_is_being_written(string stop)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval, Waves = [Wave.Of(2)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(5);
        Answer(fleet, false);
        int signed = 0;
        world.Server.Pace = effect => effect is SignLeaf && ++signed > 1 ? (TimeSpan.FromSeconds(4), default) : default;
        world.Advance(Gate.G1);
        world.Pass(1);
        Sidecar first = Assert.Single(fleet, IsMoving);
        Assert.Equal(2, signed);
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(20), default) : default;
        if (stop == "nack")
        {
            first.Leaf.Nack("no such root");
        }
        else
        {
            world.Server.Order(static id => new HoldRotation { Id = id, Actor = "op", Reason = "stop" });
        }

        world.Pass(18);
        Assert.Null(world.State.Plan!.Hold);
        Assert.Equal(1, Moved(world));
    }

    [Fact]
    public void A_refused_order_stops_nothing_for_long()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne);
        Sidecar first = Assert.Single(fleet, IsMoving);
        Answer(fleet, true);
        int before = Moved(world);
        first.Leaf.Ack();
        world.Server.Order(static id => new HoldRotation { Id = id, Actor = "op", Reason = "stop", ExpectedDecisions = 999 });
        world.Pass(5);
        Assert.True(Moved(world) > 10, $"{before} {Moved(world)}");
    }

    [Fact]
    public void A_hold_for_an_admin_that_does_not_show_is_not_healed_by_the_death_of_its_proxy()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = [.. Enumerable.Range(0, 40).Select(n => world.Sidecar($"fleet{n}", admin: new Uri($"http://10.0.0.{n}:9901")).Start())];
        world.Server.Probe = static probe => new ProxyProbed(probe.InstanceId, probe.Serial, false, "not in /certs");
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1, Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(TimeSpan.FromMinutes(4));
        Assert.Equal((1, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));
        Assert.Single(fleet, IsMoving).Disconnect();
        world.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal((1, HoldCause.Silent), (Moved(world), world.State.Plan!.Hold?.Cause));
    }

    [Fact]
    public void A_drop_that_waits_names_somebody()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = [.. Enumerable.Range(0, 4).Select(n => world.Sidecar($"fleet{n}", admin: new Uri($"http://10.0.0.{n}:9901")).Start())];
        world.Server.Probe = static probe => new ProxyProbed(probe.InstanceId, probe.Serial, true, "");
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromMinutes(10), Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.All(fleet, static sidecar => Assert.True(sidecar.IsOn("b")));
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Disconnect();
        }

        world.Pass(TimeSpan.FromHours(1));
        Assert.True(world.State.Plan is null || world.Engine.AllBlockers().Count > 0, $"{world.Engine.Outlook()}");
    }

    [Fact]
    public void Who_never_answers_and_comes_back_all_the_time_is_silent_too()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        Begin(world, fleet, OneByOne);
        Sidecar first = Assert.Single(fleet, IsMoving);
        (string? leaf, string? bundle) = (first.Leaf.Accepted, first.Bundle.Accepted);
        for (int i = 0; i < 90; i++)
        {
            first.Disconnect();
            world.Pass(5);
            first.Answers = false;
            first.Return(leaf, bundle);
            first.Bundle.Answers = true;
            world.Pass(20);
        }

        Assert.True(world.State.Plan!.Hold?.Cause == HoldCause.Silent, string.Join("; ", world.Engine.AllBlockers().Select(static blocker => blocker.Detail)));
        Assert.Equal(1, Moved(world));
    }
}

internal static class HostileHelp
{
    public static bool IsEmpty(this IReadOnlyList<Blocker> all) => all.Count == 0;
}
