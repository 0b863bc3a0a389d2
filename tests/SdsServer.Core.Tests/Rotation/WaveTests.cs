using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>The fleet moves in waves, and stops where a wave is not well.</summary>
public sealed class WaveTests
{
    private static readonly RotationPolicy Waves = EngineWorld.Quick with
    {
        Waves = [Wave.Of(1), Wave.OfPercent(25)],
        CanarySoak = TimeSpan.FromMinutes(15),
        WaveSoak = TimeSpan.FromMinutes(5),
    };

    [Fact]
    public void Each_wave_waits_for_the_one_before_and_for_its_soak()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        world.Rotate("b", Waves);
        world.Pass(60);
        Assert.Equal((1, RotationPhase.Issuing, "a"), (Moved(fleet), world.Engine.Phase, world.State.Signer));
        world.Pass(TimeSpan.FromMinutes(13));
        Assert.Equal(1, Moved(fleet));
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal((5, "a"), (Moved(fleet), world.State.Signer));
        world.Pass(TimeSpan.FromMinutes(3.5));
        Assert.Equal(5, Moved(fleet));
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal((20, "b", RotationPhase.Steady), (Moved(fleet), world.State.Signer, world.Engine.Phase));
        Assert.Equal(
            ["start rotation r1 to b", "set signer b for wave 1", "set signer b for wave 2", "set signer b for wave 3", "drop trust in the root of 'a'", "finish rotation"],
            world.Store.Log.Where(entry => entry.RotationId == "r1").Select(entry => entry.Action));
        world.AssertSound();
    }

    [Fact]
    public void A_proxy_keeps_its_wave_and_a_joiner_of_a_wave_begun_is_signed_by_the_new_authority()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(30);
        world.Rotate("b", Waves with { Waves = [Wave.OfPercent(50)] });
        world.Pass(60);
        HashSet<string> first = [.. fleet.Where(sidecar => sidecar.IsOn("b")).Select(sidecar => sidecar.Key.NodeId)];
        Assert.Equal(15, first.Count);
        Sidecar[] joiners = [.. Enumerable.Range(0, 30).Select(i => world.Sidecar($"joiner{i}").Start())];
        Assert.InRange(joiners.Count(sidecar => sidecar.IsOn("b")), 5, 25);
        Assert.All(joiners, sidecar => Assert.Single(sidecar.Leaf.Got));

        world.Restart([.. fleet, .. joiners]);
        world.Pass(60);
        Assert.Equal((1, world.State.Plan!.ReachedBelow), (world.State.Plan.WavesBegun, world.Store.State.Plan!.ReachedBelow));
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Start();
        }

        Assert.Equal(first, [.. fleet.Where(sidecar => sidecar.Leaf.Got.Count > 0 && world.Store.Ledger.Single(row => row.Serial == sidecar.Leaf.Serial).AuthorityId == "b").Select(sidecar => sidecar.Key.NodeId)]);
    }

    // It has met one of its proxies, so half of those connected would be one, and the next wave everybody.
    [Fact]
    public void A_server_that_has_just_started_gives_its_fleet_time_to_come_back_before_it_begins_a_wave()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", Waves with { Waves = [Wave.OfPercent(50)], TrustSoak = TimeSpan.FromMinutes(5), CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(TimeSpan.FromMinutes(4.9));
        List<(string Leaf, string Bundle)> held = [.. fleet.Select(sidecar => (sidecar.Leaf.Last.Payload!.Version, sidecar.Bundle.Last.Payload!.Version))];
        world.Restart(fleet);
        fleet[0].Return(held[0].Leaf, held[0].Bundle);
        world.Pass(20);
        Assert.Equal(0, world.State.Plan!.WavesBegun);
        for (int i = 1; i < fleet.Length; i++)
        {
            fleet[i].Return(held[i].Leaf, held[i].Bundle);
        }

        world.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal((1, 5), (world.State.Plan.WavesBegun, Moved(fleet)));
    }

    // A server that is cut off has met nobody.
    [Fact]
    public void With_nobody_connected_no_wave_begins()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", Waves with { TrustSoak = TimeSpan.FromMinutes(5) });
        world.Pass(60);
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Disconnect();
        }

        world.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal((0, "a"), (world.State.Plan!.WavesBegun, world.State.Signer));
        Assert.Contains("no proxy that takes leaves is connected", Assert.Single(world.Engine.AllBlockers()).Detail, StringComparison.Ordinal);
    }

    // Its first leaf is from the new authority, so nothing old stands in the way; its answer still counts.
    [Fact]
    public void A_joiner_of_a_wave_begun_is_waited_for_until_it_has_accepted_its_first_leaf()
    {
        EngineWorld world = new();
        world.Fleet(4);
        world.Rotate("b", Waves with { Waves = [Wave.OfPercent(50)], CanarySoak = TimeSpan.FromMinutes(5), MaxSilentPercent = 100 });
        world.Pass(60);
        Sidecar joiner = null!;
        for (int i = 0; joiner is null; i++)
        {
            bool reached = WaveAssignment.PlaceOf("r1", $"spiffe://mesh/joiner{i}", $"joiner{i}") < world.State.Plan!.ReachedBelow;
            joiner = reached ? world.Sidecar($"joiner{i}") : joiner!;
        }

        joiner.Answers = false;
        joiner.Open(SecretKind.Bundle).Answers = true;
        world.Pass(0.1);
        joiner.Streams[0].Ack();
        ScriptedStream leaf = joiner.Open(SecretKind.Leaf);
        world.Pass(TimeSpan.FromMinutes(20));
        Assert.True(joiner.IsOn("b"));
        Assert.Equal(1, world.State.Plan!.WavesBegun);
        leaf.Ack();
        world.Pass(TimeSpan.FromMinutes(6));
        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
    }

    [Fact]
    public void With_one_in_flight_the_fleet_moves_strictly_one_by_one()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Leaf.Answers = false;
        }

        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1 });
        for (int moved = 0; moved < 10; moved++)
        {
            world.Pass(1);
            Sidecar next = Assert.Single(fleet, sidecar => sidecar.Leaf.Got.Count == 2 && !sidecar.IsOn("b"));
            next.Leaf.Ack();
        }

        world.Pass(1);
        Assert.Equal(10, Moved(fleet));
    }

    [Fact]
    public void No_more_than_a_twentieth_of_the_fleet_is_in_flight_unless_the_policy_says_so()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(60);
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Leaf.Answers = false;
        }

        world.Rotate("b");
        world.Pass(5);
        Assert.Equal(3, fleet.Count(sidecar => sidecar.Leaf.Got.Count == 2));
    }

    [Fact]
    public void Selectors_reach_who_matches_by_path_namespace_cluster_or_label()
    {
        EngineWorld world = new();
        Sidecar plain = world.Sidecar("plain").Start();
        Sidecar east = world.Sidecar("east", traits: ProxyTraits.Of("spiffe://mesh/east", "east")).Start();
        Sidecar web = world.Sidecar("web", traits: ProxyTraits.Of("spiffe://mesh/web", "", ImmutableSortedDictionary<string, string>.Empty.Add("tier", "web"))).Start();
        Sidecar shop = world.Sidecar("ns/shop/sa/cart").Start();
        RotationPolicy policy = Waves with
        {
            Waves =
            [
                Wave.Of(new WaveSelector(Labels: ImmutableSortedDictionary<string, string>.Empty.Add("tier", "web"))),
                Wave.Of(new WaveSelector(Cluster: "east")),
                Wave.Of(new WaveSelector(Namespace: "shop")),
            ],
            CanarySoak = TimeSpan.FromMinutes(5),
        };
        world.Rotate("b", policy);
        world.Pass(60);
        Assert.Equal((true, false, false, false), (web.IsOn("b"), east.IsOn("b"), shop.IsOn("b"), plain.IsOn("b")));
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal((true, true, false, false), (web.IsOn("b"), east.IsOn("b"), shop.IsOn("b"), plain.IsOn("b")));
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal((true, true, true, false), (web.IsOn("b"), east.IsOn("b"), shop.IsOn("b"), plain.IsOn("b")));
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.True(plain.IsOn("b"));
    }

    [Fact]
    public void A_refusal_in_the_canary_halts_the_plan_and_nobody_else_gets_a_leaf()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Sidecar canary = Canary(world, fleet, Waves with { CanarySoak = TimeSpan.Zero });
        canary.Leaf.Nack("no such root");
        world.Pass(1);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold!.Cause);
        Assert.Contains("no such root", world.State.Plan.Hold.Reason, StringComparison.Ordinal);
        world.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(0, fleet.Count(sidecar => sidecar != canary && sidecar.Leaf.Got.Count > 1));
        Assert.Equal(RotationGoal.Forward, world.State.Plan.Goal);

        canary.Leaf.Answers = true;
        canary.Leaf.Ack();
        world.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(5, Moved(fleet));
    }

    [Fact]
    public void A_hold_stops_a_wave_in_the_middle_but_not_renewals()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Leaf.Answers = false;
        }

        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 2 });
        world.Pass(1);
        world.Do(id => new HoldRotation { Id = id, Actor = "op" });
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Leaf.Answers = true;
            sidecar.Leaf.Ack();
        }

        world.Pass(60);
        Assert.Equal(2, Moved(fleet));
        world.Pass(TimeSpan.FromMinutes(50));
        Assert.All(fleet, sidecar => Assert.True(sidecar.Instance.Outstanding.Max(row => row.NotAfter) > world.Time.True + TimeSpan.FromMinutes(10)));
    }

    [Fact]
    public void Automatic_rollback_needs_a_second_fresh_leaf_refused_with_the_bundle_healthy()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Sidecar canary = Canary(world, fleet, Waves with { AutomaticRollback = true });
        string first = canary.Leaf.Serial;
        canary.Leaf.Nack("first");
        world.Pass(4);
        Assert.Equal(RotationGoal.Forward, world.State.Plan!.Goal);
        world.Pass(4);
        Assert.NotEqual(first, canary.Leaf.Serial);
        canary.Leaf.Nack("second");
        world.Pass(1);
        Assert.Equal(RotationGoal.Back, world.State.Plan!.Goal);
        Assert.Contains(world.Store.Log, entry => entry.Kind == DecisionKind.RollbackRotation && entry.Actor == "engine" && entry.Reason.Contains("second", StringComparison.Ordinal));
        canary.Leaf.Answers = true;
        canary.Leaf.Ack();
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(("A", "a", RotationPhase.Steady), (world.Bundle, world.State.Signer, world.Engine.Phase));
        Assert.Equal(RotationGoal.Back, world.State.Past[0].Goal);
    }

    [Fact]
    public void A_leaf_refused_while_the_bundle_is_refused_too_turns_nothing_back()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Sidecar canary = Canary(world, fleet, Waves with { AutomaticRollback = true });
        canary.Leaf.Ack();
        canary.Bundle.Answers = false;
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = canary.Instance.Id });
        canary.Bundle.Nack("poisoned");
        for (int round = 0; round < 4; round++)
        {
            int got = canary.Leaf.Got.Count;
            world.Pass(400);
            if (canary.Leaf.Got.Count > got)
            {
                canary.Leaf.Nack("poisoned");
            }
        }

        Assert.Equal((RotationGoal.Forward, HoldCause.Nack), (world.State.Plan!.Goal, world.State.Plan.Hold?.Cause));
    }

    [Fact]
    public void Silence_holds_the_plan_and_answers_let_it_go_on()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Sidecar canary = Canary(world, fleet, Waves with { CanarySoak = TimeSpan.Zero });
        world.Pass(27);
        Assert.Null(world.State.Plan!.Hold);
        world.Pass(10);
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold!.Cause);
        canary.Leaf.Answers = true;
        canary.Leaf.Ack();
        world.Pass(40);
        Assert.Equal(5, Moved(fleet));
    }

    [Fact]
    public void The_operator_may_go_on_without_the_silent_ones()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Canary(world, fleet, Waves with { CanarySoak = TimeSpan.Zero });
        world.Pass(40);
        world.Unhold(HoldCause.Silent);
        world.Pass(60);
        Assert.Equal((2, null), (world.State.Plan!.WavesBegun, world.State.Plan.Hold));
    }

    [Fact]
    public void Where_the_canary_has_ended_another_takes_its_place()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(20);
        Sidecar canary = Canary(world, fleet, Waves with { CanarySoak = TimeSpan.Zero });
        canary.Disconnect();
        world.Server.Post(new ProcessDeparted(canary.Key.Peer));
        world.Pass(25);
        Assert.Equal(0, Moved(fleet.Remove(canary)));
        world.Pass(15);
        Assert.Equal(5, fleet.Count(sidecar => sidecar != canary && sidecar.IsOn("b")));
    }

    [Fact]
    public void Who_takes_the_place_of_the_canary_and_leaves_while_that_is_being_written_has_its_time_to_come_back_too()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        Sidecar canary = Canary(world, fleet, Waves with { CanarySoak = TimeSpan.Zero });
        Sidecar next = fleet.Where(sidecar => sidecar != canary).MinBy(sidecar => WaveAssignment.PlaceOf(world.State.Plan!.Id, sidecar.Key.SpiffeId, sidecar.Key.NodeId))!;
        Sidecar[] others = [.. fleet.Where(sidecar => sidecar != canary && sidecar != next)];
        world.Server.Pace = effect => effect is SaveState ? (TimeSpan.FromSeconds(10), default) : default;
        canary.Disconnect();
        world.Server.Post(new ProcessDeparted(canary.Key.Peer));
        world.Pass(35);
        next.Disconnect();
        world.Pass(30);
        Assert.Equal((false, 0), (next.IsOn("b"), Moved([.. others])));
        world.Pass(30);
        Assert.Contains(others, sidecar => sidecar.IsOn("b"));
    }

    [Fact]
    public void Absent_proxies_hold_up_no_wave_but_the_removal()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.OfPercent(50)], TrustSoak = TimeSpan.FromSeconds(10) });
        world.Pass(5);
        fleet[0].Disconnect();
        world.Pass(60);
        Assert.Equal(("b", "A,B"), (world.State.Signer, world.Bundle));
        Assert.Equal(fleet[0].Instance.Id, Assert.Single(world.Engine.AllBlockers()).InstanceId);
        world.Pass(TimeSpan.FromHours(25));
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void Evidence_from_envoys_admin_counts_instead_of_the_answer_where_there_is_an_admin()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p", admin: new Uri("http://10.0.0.1:9901")).Start();
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(1)], Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(1);
        ProbeProxy probe = Assert.Single(world.Effects.OfType<ProbeProxy>());
        Assert.Equal((new Uri("http://10.0.0.1:9901"), proxy.Leaf.Serial), (probe.Admin, probe.Serial));
        Assert.Equal(("a", true), (world.State.Signer, proxy.IsOn("b")));

        world.Server.Post(new ProxyProbed(probe.InstanceId, probe.Serial, Found: false, "shows 00ff"));
        world.Pass(1);
        Assert.Equal("a", world.State.Signer);
        Assert.Contains("shows 00ff", Assert.Single(world.Engine.AllBlockers()).Detail, StringComparison.Ordinal);
        world.Pass(20);
        Assert.Equal(2, world.Effects.OfType<ProbeProxy>().Count());
        world.Server.Post(new ProxyProbed(probe.InstanceId, probe.Serial, Found: true, ""));
        world.Pass(1);
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void While_a_plan_squeezes_lifetimes_long_leaves_are_replaced_by_short_ones()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(24));
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        Sidecar away = world.Sidecar("away").Start();
        world.Rotate("b", EngineWorld.Quick with { LeafLifetime = TimeSpan.FromHours(1), TrustSoak = TimeSpan.FromMinutes(30) });
        world.Pass(60);
        Assert.All(fleet.Add(away), sidecar => Assert.True(sidecar.Instance.Outstanding.Max(row => row.NotAfter) <= world.Time.True + TimeSpan.FromHours(1)));
        away.Disconnect();
        world.Pass(TimeSpan.FromHours(1.2));
        Assert.Equal(("B", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
    }

    private static Sidecar Canary(EngineWorld world, ImmutableArray<Sidecar> fleet, RotationPolicy policy)
    {
        foreach (Sidecar sidecar in fleet)
        {
            sidecar.Leaf.Answers = false;
        }

        world.Rotate("b", policy);
        world.Pass(1);
        Sidecar canary = Assert.Single(fleet, sidecar => sidecar.Leaf.Got.Count == 2);
        foreach (Sidecar sidecar in fleet.Where(sidecar => sidecar != canary))
        {
            sidecar.Leaf.Answers = true;
        }

        return canary;
    }

    private static int Moved(IEnumerable<Sidecar> fleet) => fleet.Count(sidecar => sidecar.IsOn("b"));

    // In a large fleet somebody is always being renewed.
    [Fact]
    public void Renewals_undo_no_evidence()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromMinutes(20));
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", Waves with { Waves = [Wave.Of(2)], CanarySoak = TimeSpan.FromMinutes(35), GateDeadline = TimeSpan.FromDays(1) });
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Equal(10, Moved(fleet));
    }

    [Fact]
    public void Who_was_passed_over_counts_again_when_it_has_caught_up()
    {
        EngineWorld world = new();
        Sidecar only = Assert.Single(world.Fleet(1));
        only.Leaf.Answers = false;
        world.Rotate("b", Waves with { Waves = [Wave.Of(1), Wave.Of(1)], CanarySoak = TimeSpan.FromHours(1) });
        world.Pass(60);
        world.Unhold(HoldCause.Silent);
        world.Pass(1);
        Assert.Equal(0, world.Engine.WaveFacts.Reached);
        only.Leaf.Ack();
        world.Pass(31);
        Assert.Equal(1, world.Engine.WaveFacts.Moved);
    }

    [Fact]
    public void Where_everybody_was_passed_over_the_waves_go_on()
    {
        EngineWorld world = new();
        Sidecar only = Assert.Single(world.Fleet(1));
        only.Leaf.Answers = false;
        world.Rotate("b", Waves with { Waves = [Wave.Of(1), Wave.Of(1)] });
        world.Pass(60);
        world.Unhold(HoldCause.Silent);
        world.Pass(20);
        Assert.Contains("nobody in the 1 waves begun is connected", Assert.Single(world.Engine.AllBlockers()).Detail, StringComparison.Ordinal);
        world.Pass(60);
        Assert.True(world.State.Plan!.WavesBegun > 1);
    }

    [Fact]
    public void With_one_in_flight_nobody_follows_who_is_silent()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(40);
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1, TrustGate = GatePolicy.Approval });
        world.Pass(5);
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = false);
        world.Advance(Gate.G1);
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Single(fleet, static sidecar => sidecar.Leaf.Got.Count > 1);
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold?.Cause);
        world.Unhold();
        world.Pass(5);
        Assert.Equal(2, fleet.Count(static sidecar => sidecar.Leaf.Got.Count > 1));
    }

    [Fact]
    public void Silence_turns_back_where_the_policy_says_so()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { AutomaticRollback = true, TrustGate = GatePolicy.Approval });
        world.Pass(5);
        fleet.ToList().ForEach(static sidecar => sidecar.Leaf.Answers = false);
        world.Advance(Gate.G1);
        world.Pass(25);
        Assert.Equal(RotationGoal.Forward, world.State.Plan!.Goal);
        world.Pass(10);
        Assert.Equal(RotationGoal.Back, world.State.Plan!.Goal);
        Assert.Contains("unanswered", world.Store.Log.Last(static entry => entry.Kind == DecisionKind.RollbackRotation).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void One_by_one_with_an_admin_the_next_waits_for_its_word_and_the_last_ones_keep_the_old_root()
    {
        EngineWorld world = new();
        List<Sidecar> fleet = [.. Enumerable.Range(1, 3).Select(n => world.Sidecar($"s{n}", admin: new Uri($"http://10.0.0.{n}:9901")).Start())];
        HashSet<string> shown = [];
        world.Server.Probe = probe => new ProxyProbed(probe.InstanceId, probe.Serial, shown.Contains(probe.InstanceId), "not in /certs");
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1, Evidence = LeafEvidence.EnvoyAdmin });
        for (int moved = 1; moved <= 3; moved++)
        {
            world.Pass(40);
            Assert.Equal((moved, "A,B", null), (fleet.Count(static sidecar => sidecar.IsOn("b")), world.Bundle, world.State.Plan!.Hold));
            shown.UnionWith(fleet.Where(static sidecar => sidecar.IsOn("b")).Select(static sidecar => sidecar.Instance.Id));
            world.Pass(moved < 3 ? 16 : 0);
        }

        Refusal refusal = world.Engine.Outlook()!.Value.Refusal!;
        Blocker last = Assert.Single(refusal.Blockers);
        Assert.Equal((Gate.G3, "has accepted its new leaf, but its admin does not show it: not in /certs"), (refusal.Gate, last.Detail));
        world.Pass(16);
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void An_admin_that_does_not_show_the_leaf_is_silence()
    {
        EngineWorld world = new();
        world.Sidecar("s", admin: new Uri("http://10.0.0.1:9901")).Start();
        world.Server.Probe = static probe => new ProxyProbed(probe.InstanceId, probe.Serial, false, "not in /certs");
        world.Rotate("b", EngineWorld.Quick with { Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(TimeSpan.FromMinutes(3));
        Assert.Equal(HoldCause.Silent, world.State.Plan!.Hold?.Cause);
        Assert.Contains("admins do not show it", world.State.Plan.Hold!.Reason, StringComparison.Ordinal);
    }

    // Its identity has refused for so long that no hold comes of the second process: the wave is open all the same, and it is why.
    [Fact]
    public void A_second_process_of_an_identity_that_has_long_refused_is_named_and_can_be_passed_over()
    {
        EngineWorld world = new();
        Sidecar first = world.Sidecar("x").Start();
        world.Fleet(1);
        first.Leaf.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(new WaveSelector(PathPrefix: "/x"))] });
        RefuseLeaves(world, world.Policy.QuarantineAfter + TimeSpan.FromMinutes(1), first);
        Sidecar second = world.Sibling(first, "x2");
        second.Answers = false;
        second.Start();
        second.Bundle.Answers = true;
        second.Bundle.Ack();
        RefuseLeaves(world, TimeSpan.FromMinutes(1), first, second);
        Assert.True(second.Instance.Refusing);

        world.Unhold(HoldCause.Nack);
        Assert.Equal(BlockerReason.Nacked, Assert.Single(world.Engine.AllBlockers(), blocker => blocker.InstanceId == first.Instance.Id).Reason);
        Blocker blocker = Assert.Single(world.Engine.AllBlockers(), blocker => blocker.InstanceId == second.Instance.Id);
        Assert.Equal(BlockerReason.PendingLeaf, blocker.Reason);
        Assert.Equal(CommandStatus.Done, world.Override(Gate.G2, first.Instance.Id, second.Instance.Id).Status);
        world.Pass(60);
        Assert.Equal("b", world.State.Signer);
    }

    private static void RefuseLeaves(EngineWorld world, TimeSpan span, params ReadOnlySpan<Sidecar> sidecars)
    {
        HashSet<Delivery> refused = [];
        for (int second = 0; second < span.TotalSeconds; second++)
        {
            world.Pass(1);
            foreach (Sidecar sidecar in sidecars)
            {
                if (sidecar.Leaf.Got.Count > 0 && refused.Add(sidecar.Leaf.Last) && !sidecar.IsOn("a"))
                {
                    sidecar.Leaf.Nack("no such root");
                }
            }
        }
    }

    [Fact]
    public void What_an_admin_has_shown_before_a_turn_back_is_no_word_for_the_leaf_after_it()
    {
        EngineWorld world = new();
        bool shows = true;
        world.Server.Probe = probe => new ProxyProbed(probe.InstanceId, probe.Serial, shows, "not in /certs");
        Sidecar proxy = world.Sidecar("p", admin: new Uri("http://10.0.0.1:9901")).Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval, Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(60);
        Assert.Equal(1, world.Engine.WaveFacts.Moved);
        world.Turn(RotationGoal.Back);
        world.Pass(5);
        Assert.True(proxy.IsOn("a"));
        shows = false;
        world.Turn(RotationGoal.Forward);
        world.Pass(60);
        Assert.Equal((true, 0), (proxy.IsOn("b"), world.Engine.WaveFacts.Moved));
    }

    [Fact]
    public void Who_was_passed_over_before_a_turn_back_is_asked_again_after_it()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Leaf.Answers = false;
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        world.Advance(Gate.G1);
        world.Pass(60);
        world.Unhold(HoldCause.Silent);
        world.Pass(1);
        Assert.Equal(0, world.Engine.WaveFacts.Silent);
        world.Turn(RotationGoal.Back);
        world.Turn(RotationGoal.Forward);
        Assert.Equal((1, HoldCause.Silent), (world.Engine.WaveFacts.Silent, world.State.Plan!.Hold?.Cause));
    }

    [Fact]
    public void A_newcomer_that_leaves_its_first_leaf_unanswered_is_silent_and_holds_the_plan()
    {
        EngineWorld world = new();
        world.Fleet(5);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(new WaveSelector(PathPrefix: "/"))], CanarySoak = TimeSpan.FromMinutes(1) });
        world.Pass(10);
        Sidecar mute = world.Sidecar("mute");
        mute.Open(SecretKind.Bundle);
        mute.Open(SecretKind.Leaf).Answers = false;
        world.Pass(20);
        Assert.Equal((1, 0), (world.Engine.WaveFacts.Joining, world.Engine.WaveFacts.Silent));
        world.Pass(20);
        Assert.Equal((1, 1, HoldCause.Silent), (world.State.Plan!.WavesBegun, world.Engine.WaveFacts.Silent, world.State.Plan.Hold?.Cause));
        world.Unhold(HoldCause.Silent);
        world.Pass(120);
        Assert.Equal("b", world.State.Signer);
    }

    // A new process every minute, each of them mute: the identity stands in the way for so long, and no longer.
    [Fact]
    public void An_identity_whose_newcomers_never_answer_keeps_no_wave_shut_for_ever()
    {
        EngineWorld world = new();
        world.Fleet(5);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(new WaveSelector(PathPrefix: "/"))], CanarySoak = TimeSpan.FromMinutes(1), MaxSilentPercent = 100 });
        world.Pass(10);
        Sidecar first = world.Sidecar("mute");
        for (int i = 0; i < 25 && world.State.Plan is not null; i++)
        {
            Sidecar mute = world.Sibling(first, string.Create(CultureInfo.InvariantCulture, $"mute{i}"));
            mute.Open(SecretKind.Bundle);
            mute.Open(SecretKind.Leaf).Answers = false;
            world.Pass(90);
            world.Time.After(TimeSpan.FromSeconds(5), () =>
            {
                mute.Disconnect();
                world.Server.Post(new ProcessDeparted(mute.Key.Peer));
            });
        }

        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void A_joiner_a_minute_keeps_no_wave_shut_where_the_admin_is_the_evidence()
    {
        EngineWorld world = new();
        world.Server.Probe = probe => new ProxyProbed(probe.InstanceId, probe.Serial, true, "");
        world.Server.Pace = effect => effect is ProbeProxy ? (TimeSpan.FromSeconds(1), TimeSpan.Zero) : default;
        for (int i = 0; i < 5; i++)
        {
            world.Sidecar($"s{i}", admin: new Uri($"http://10.0.0.{i}:9901")).Start();
        }

        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.OfPercent(90)], CanarySoak = TimeSpan.FromMinutes(5), Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(20);
        for (int i = 0; i < 30 && world.State.Plan?.WavesBegun == 1; i++)
        {
            world.Sidecar($"j{i}", admin: new Uri($"http://10.0.1.{i}:9901")).Start();
            world.Pass(59);
        }

        Assert.NotEqual(1, world.State.Plan?.WavesBegun);
    }

    [Fact]
    public void Who_has_been_issued_nothing_new_yet_waits_for_its_turn()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(2);
        fleet[0].Leaf.Answers = fleet[1].Leaf.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1, Waves = [Wave.Of(2)] });
        world.Pass(2);
        Assert.Equal(["its new leaf is on the way", "waits for its turn"], world.Engine.AllBlockers().Select(blocker => blocker.Detail).Order());
    }

    // It looks like a newcomer, whose leaf was the first; but it has had one of the old authority, and shall be shown to use it no more.
    [Fact]
    public void After_a_restart_the_last_ones_keep_the_old_root_until_their_admins_have_shown_the_new_leaf_again()
    {
        EngineWorld world = new();
        world.Server.Probe = static probe => new ProxyProbed(probe.InstanceId, probe.Serial, false, "not in /certs");
        Sidecar proxy = world.Sidecar("p", admin: new Uri("http://10.0.0.1:9901")).Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval, Evidence = LeafEvidence.EnvoyAdmin, MaxSilentPercent = 100 });
        world.Pass(10);
        Assert.True(proxy.IsOn("b"));
        string leaf = proxy.Leaf.Accepted!, bundle = proxy.Bundle.Accepted!;
        world.Restart(proxy);
        proxy.Return(leaf, bundle);
        world.Pass(0.5);
        Assert.Equal((0, 1), (world.Engine.WaveFacts.Joining, world.Engine.WaveFacts.Pending));
        Assert.Equal(CommandStatus.Refused, world.Advance(Gate.G3).Status);
    }

    // One admin that is firewalled must not keep a stolen or an expiring root in every bundle until somebody comes.
    [Theory]
    [InlineData(1, null, "B")]
    [InlineData(3, HoldCause.Silent, "A,B")]
    public void An_admin_that_never_shows_the_leaf_is_waited_for_as_long_as_a_quarantine_and_holds_where_there_are_too_many(int mute, HoldCause? hold, string bundle)
    {
        EngineWorld world = new();
        Sidecar[] fleet = [.. Enumerable.Range(0, 40).Select(n => world.Sidecar($"s{n}", admin: new Uri($"http://10.0.0.{n}:9901")).Start())];
        HashSet<string> silent = [.. fleet[..mute].Select(static sidecar => sidecar.Instance.Id)];
        world.Server.Probe = probe => new ProxyProbed(probe.InstanceId, probe.Serial, !silent.Contains(probe.InstanceId), "connection refused");
        world.Rotate("b", EngineWorld.Quick with { Evidence = LeafEvidence.EnvoyAdmin });
        world.Pass(TimeSpan.FromMinutes(9));
        Assert.Equal((hold, "A,B"), (world.State.Plan!.Hold?.Cause, world.Bundle));
        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal((hold, bundle), (world.State.Plan?.Hold?.Cause, world.Bundle));
        Assert.All(fleet, static sidecar => Assert.True(sidecar.IsOn("b")));
    }

    // With Envoy's word as the evidence the drop waits for the last wave; not for ever for one that never answers.
    [Fact]
    public void Who_leaves_the_leaf_of_the_last_wave_unanswered_keeps_the_old_root_no_longer_than_its_old_leaf()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        Sidecar[] fleet = [.. Enumerable.Range(0, 40).Select(n => world.Sidecar($"s{n}", admin: new Uri($"http://10.0.0.{n}:9901")).Start())];
        world.Server.Probe = static probe => new ProxyProbed(probe.InstanceId, probe.Serial, true, "");
        world.Rotate("b", EngineWorld.Quick with { Evidence = LeafEvidence.EnvoyAdmin, TrustGate = GatePolicy.Approval });
        world.Pass(5);
        fleet[0].Leaf.Answers = false;
        world.Advance(Gate.G1);
        world.Pass(TimeSpan.FromMinutes(50));
        Assert.Equal((null, "A,B"), (world.State.Plan!.Hold, world.Bundle));
        world.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void After_a_restart_the_last_ones_keep_the_old_root_also_while_none_of_them_is_back()
    {
        EngineWorld world = new();
        world.Server.Probe = static probe => new ProxyProbed(probe.InstanceId, probe.Serial, false, "not in /certs");
        Sidecar proxy = world.Sidecar("p", admin: new Uri("http://10.0.0.1:9901")).Start();
        world.Rotate("b", EngineWorld.Quick with { Evidence = LeafEvidence.EnvoyAdmin, MaxSilentPercent = 100 });
        world.Pass(10);
        Assert.Equal((true, "A,B"), (proxy.IsOn("b"), world.Bundle));
        world.Restart(proxy);
        world.Pass(120);
        Assert.Equal("A,B", world.Bundle);
    }
}
