using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Traces in which a simpler rule looks right and is not: clocks, holders that are not connected, many at once.</summary>
public sealed class RotationTracesOfAbsenceTests
{
    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T9")]
    [Fact]
    public void T9_a_clock_that_jumps_25_hours_ahead_leaves_nobody_out_and_holds_the_plan()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar absent = world.Sidecar("absent").Start();
        absent.Disconnect();
        world.Rotate("b");
        world.Time.WallError = TimeSpan.FromHours(25);
        world.Pass(600);

        Assert.Equal(1, world.Engine.Floor);
        Assert.Single(absent.Instance.Outstanding);
        Assert.Equal(HoldCause.Clock, world.State.Plan!.Hold!.Cause);

        // The doubt survives a restart.
        world.Restart();
        world.Pass(600);
        Assert.Equal(1, world.Engine.Floor);
        Assert.Single(absent.Instance.Outstanding);

        world.Time.WallError = TimeSpan.Zero;
        world.Unhold();
        world.Pass(1);
        Assert.Null(world.State.Plan.Hold is { Cause: HoldCause.Clock } hold ? hold : null);
        Assert.Equal(1, world.Engine.Floor);
    }

    [Fact]
    public void An_order_that_waits_for_the_store_accepts_the_clock_as_it_was_when_the_order_came()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar absent = world.Sidecar("absent").Start();
        absent.Disconnect();
        world.Rotate("b");
        world.Time.WallError = TimeSpan.FromHours(25);
        world.Pass(60);
        world.Time.WallError = TimeSpan.Zero;
        world.Pass(60);

        world.Server.Pace = effect => effect is SaveState ? (TimeSpan.FromSeconds(5), TimeSpan.Zero) : default;
        world.Server.Order(id => new AddAuthority { Id = id, Actor = "op", Authority = Mesh.Authority("a2", "A"), Root = Mesh.Root("A") });
        CommandOutcome? outcome = null;
        world.Server.Order(id => new UnholdRotation { Id = id, Actor = "op", Reason = "the clock is right" }, answer => outcome = answer);
        world.Pass(1);
        Assert.Null(outcome);
        world.Time.WallError = TimeSpan.FromHours(25);
        world.Pass(60);

        Assert.Equal(CommandStatus.Done, outcome!.Status);
        Assert.Equal((1, HoldCause.Clock), (world.Engine.Floor, world.State.Plan!.Hold!.Cause));
        Assert.Single(absent.Instance.Outstanding);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T10")]
    [Fact]
    public void T10_an_exported_intermediate_keeps_its_root_until_it_expires()
    {
        LedgerRow exported = new()
        {
            Serial = new string('e', 32),
            Kind = LedgerRowKind.ExportedCa,
            InstanceId = "edge",
            Key = new InstanceKey("spiffe://mesh/edge", "edge", "user:edge"),
            BundleSlots = 0,
            LeafSlots = 0,
            AuthorityId = "a",
            Anchors = ["A"],
            NotBefore = Mesh.Born,
            NotAfter = Mesh.Born + TimeSpan.FromDays(3),
        };
        EngineWorld world = new(ledger: [exported]);
        world.Fleet(2);
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromDays(30) });
        world.Pass(TimeSpan.FromDays(2));

        Assert.Equal("A,B", world.Bundle);
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        Assert.Equal((BlockerReason.NeedsOutgoingRoot, exported.NotAfter + world.Policy.MaxSkew), (blocker.Reason, blocker.Until));
        world.Pass(TimeSpan.FromDays(2));
        Assert.Equal("B", world.Bundle);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T11")]
    [Fact]
    public void T11_a_leaf_that_ends_at_another_root_than_its_authoritys_is_not_sent_and_says_why()
    {
        EngineWorld world = new();
        world.Server.Anchors = (_, _) => ["B"];
        Sidecar proxy = world.Sidecar("p").Start();
        world.Pass(30);

        Assert.Empty(proxy.Leaf.Got);
        Assert.Empty(world.Store.Ledger);
        Assert.Contains("ends at B", world.Engine.SignerProblem, StringComparison.Ordinal);
        world.Server.Anchors = (_, _) => ["A"];
        world.Pass(10);
        Assert.NotEmpty(proxy.Leaf.Got);
        Assert.Null(world.Engine.SignerProblem);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T12")]
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void T12_a_joiner_every_minute_does_not_keep_a_gate_shut(bool answers)
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Rotate("b", new RotationPolicy { TrustSoak = TimeSpan.FromMinutes(10), DropSoak = TimeSpan.FromMinutes(10) });
        for (int minute = 0; minute < 22; minute++)
        {
            Sidecar joiner = world.Sidecar($"j{minute}");
            joiner.Answers = answers;
            joiner.Start();
            world.Pass(59);
        }

        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
        Assert.Equal("b", world.State.Signer);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T13")]
    [Fact]
    public void T13_a_client_that_only_takes_the_bundle_counts_until_it_is_retired_also_after_a_restart()
    {
        EngineWorld world = new();
        Sidecar member = world.Sidecar("m").Start();
        Sidecar client = world.Sidecar("client", bundleOnly: true).Start();
        Assert.Single(world.Store.Roster);
        client.Disconnect();
        world.Restart(member);
        member.Return(null, null);
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromDays(30) });
        world.Pass(TimeSpan.FromDays(3));

        Assert.Equal(1, world.Engine.Floor);
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        Assert.Equal((client.Instance.Id, BlockerReason.Absent, null), (blocker.InstanceId, blocker.Reason, blocker.Until));
        Assert.Equal(CommandStatus.Done, world.Retire(blocker.InstanceId).Status);
        world.Pass(60);
        Assert.Equal("b", world.State.Signer);
        Assert.Empty(world.Store.Roster);
    }

    [Fact]
    public void A_newcomer_that_refuses_on_one_source_ends_no_client_of_its_key_that_only_takes_the_bundle()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar client = world.Sidecar("client", bundleOnly: true).Start();
        Sidecar newcomer = world.Sidecar("client", bundleOnly: true);
        ScriptedStream healthy = newcomer.Open(SecretKind.Bundle);
        newcomer.Answers = false;
        ScriptedStream refusing = newcomer.Open(SecretKind.Bundle, name: "Bundle1");
        client.Disconnect();
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromDays(30) });
        world.Pass(1);
        for (int refusals = 0; refusals < 20; refusals++)
        {
            refusing.Nack();
            world.Pass(TimeSpan.FromMinutes(5));
        }

        // It may be the very process that seems away, and what it enforces there is the old bundle.
        Assert.NotEmpty(healthy.Got);
        Assert.Equal((1, "a"), (world.Engine.Floor, world.State.Signer));
        Assert.Equal(2, client.Instances.Count);
    }

    // Seed 1000007073: its link dies unnoticed, and a source that is new comes first on the next; the operator retires the old name, or time does.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_client_that_has_come_back_under_a_new_name_is_believed_what_it_proves_when_the_old_name_ends(bool accepts, bool retires)
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar client = world.Sidecar("client", bundleOnly: true).Start(bundles: 2);
        client.Streams.ForEach(stream => stream.Answers = false);
        long dead = client.Connection;
        client.Obeys = false;
        client.Drain();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(30) });
        client.Open(SecretKind.Bundle, name: "Added");
        world.Pass(1);
        client.Answers = accepts;
        ScriptedStream[] old = [client.Open(SecretKind.Bundle), client.Open(SecretKind.Bundle, name: "Bundle1")];
        world.Pass(1);
        if (!accepts)
        {
            old.ToList().ForEach(stream => stream.Nack());
        }

        world.Server.Post(new ConnectionClosed(dead));
        world.Pass(120);
        Assert.Equal(1, world.Engine.Floor);
        if (retires)
        {
            world.Retire(Assert.Single(client.Instances, view => !view.Connected).Id);
        }

        world.Pass(retires ? TimeSpan.FromSeconds(1) : world.Policy.SuccessionWindow);
        Assert.Equal(accepts ? 2 : 1, world.Engine.Floor);
        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal(accepts ? 2 : 1, world.Engine.Floor);
    }

    // The order is given while the new name is there, and carried out when that one has lost its link as well.
    [Fact]
    public void A_name_that_is_retired_is_not_forgotten_for_a_new_one_that_is_away_by_then()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar client = world.Sidecar("client", bundleOnly: true).Start();
        world.Pass(60);
        string old = client.Instance.Id;
        long dead = client.Connection;
        client.Bundle.Answers = false;
        client.Obeys = false;
        client.Drain();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(30) });
        ScriptedStream added = client.Open(SecretKind.Bundle, name: "Added");
        world.Pass(120);
        Assert.Equal([1, 2], client.Instances.Select(static view => view.Lo).Order());
        added.Close();
        world.Server.Post(new ConnectionClosed(client.Connection));
        world.Server.Post(new ConnectionClosed(dead));
        world.Pass(1);
        Assert.Equal(CommandStatus.Done, world.Retire(old).Status);
        world.Pass(60);
        Assert.Equal((1, 1L), (client.Instances.Count, world.Engine.Floor));
    }

    // The one source that it has may be another than the one that is still on the way, which nobody has seen closed.
    [Fact]
    public void A_name_that_is_retired_leaves_the_new_one_to_be_quiet_before_it_is_believed()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar client = world.Sidecar("client", bundleOnly: true).Start();
        client.Bundle.Answers = false;
        long dead = client.Connection;
        client.Obeys = false;
        client.Drain();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(30) });
        client.Open(SecretKind.Bundle, name: "Added");
        world.Server.Post(new ConnectionClosed(dead));
        world.Pass(1);
        world.Retire(Assert.Single(client.Instances, view => !view.Connected).Id);
        world.Pass(world.Policy.ReconnectWindow - TimeSpan.FromSeconds(5));
        Assert.Equal(1, world.Engine.Floor);
        world.Pass(10);
        Assert.Equal(2, world.Engine.Floor);
    }

    [Fact]
    public void A_name_that_was_passed_over_and_is_retired_draws_the_new_one_below_no_floor()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar client = world.Sidecar("client", bundleOnly: true).Start();
        client.Bundle.Answers = false;
        long dead = client.Connection;
        client.Obeys = false;
        client.Drain();
        world.Rotate("b", EngineWorld.Quick with { ForceAtDeadlines = true, SignDeadline = TimeSpan.FromSeconds(5), DropDeadline = TimeSpan.FromDays(1), GateDeadline = TimeSpan.FromDays(30) }, kind: RotationKind.Emergency);
        client.Open(SecretKind.Bundle, name: "Added");
        world.Server.Post(new ConnectionClosed(dead));
        world.Pass(60);
        long floor = world.Engine.Floor;
        Assert.InRange(floor, 2, 3);
        world.Retire(Assert.Single(client.Instances, view => !view.Connected).Id);
        world.Pass(1);
        Assert.InRange(client.Instance.Lo, floor, 3);
        world.AssertSound();
    }

    // Under strict absence nothing is given up, so that it would be waited for without end; there the operator's word must do.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_source_that_only_the_name_that_is_retired_had_is_waited_for_under_the_new_one(bool strict)
    {
        EngineWorld world = new(new FleetPolicy { StrictAbsence = strict });
        world.Fleet(1);
        Sidecar client = world.Sidecar("client", bundleOnly: true).Start(bundles: 2);
        client.Streams.ForEach(stream => stream.Answers = false);
        long dead = client.Connection;
        client.Obeys = false;
        client.Drain();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(30) });
        client.Open(SecretKind.Bundle);
        world.Server.Post(new ConnectionClosed(dead));
        world.Pass(120);
        world.Retire(Assert.Single(client.Instances, view => !view.Connected).Id);
        world.Pass(world.Policy.SuccessionWindow - TimeSpan.FromSeconds(10));
        Assert.Equal(strict ? 2 : 1, world.Engine.Floor);
        world.Pass(world.Policy.ReconnectWindow + world.Policy.DeadLinkWindow + TimeSpan.FromSeconds(20));
        Assert.Equal(2, world.Engine.Floor);
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T14")]
    [Fact]
    public void T14_a_fleet_that_comes_back_with_leaves_in_hand_is_issued_anew_over_time_and_nobody_is_held()
    {
        EngineWorld world = new(new FleetPolicy { IssuesInFlight = 16 });
        Sidecar[] fleet = [.. world.Fleet(100)];
        string[] leaves = [.. fleet.Select(sidecar => sidecar.Leaf.Last.Payload!.Version)];
        world.Server.Pace = effect => effect is SignLeaf ? (default, TimeSpan.FromMilliseconds(20)) : default;
        world.Restart(fleet);
        for (int i = 0; i < fleet.Length; i++)
        {
            fleet[i].Return(leaves[i], "b1-any");
        }

        Assert.All(fleet, sidecar => Assert.Null(sidecar.Instance.HeldBecause));
        world.Pass(1);
        Assert.InRange(fleet.Count(sidecar => sidecar.Leaf.Got.Count > 0), 0, 12);
        world.Pass(14);
        Assert.InRange(fleet.Count(sidecar => sidecar.Leaf.Got.Count > 0), 30, 70);
        world.Pass(16);
        Assert.All(fleet, sidecar => Assert.Single(sidecar.Leaf.Got));
        Assert.All(fleet, sidecar => Assert.Single(sidecar.Instance.Outstanding, row => row.State == LeafState.Acked && "l" + row.Serial == sidecar.Leaf.Last.Payload!.Version));
    }

    [Trait("Rule", "E14.2")]
    [Trait("Trace", "T15")]
    [Fact]
    public void T15_bytes_whose_answer_was_lost_with_the_stream_are_not_sent_again()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b");
        string lost = proxy.Bundle.Last.Payload!.Version;
        proxy.Bundle.Close();
        proxy.Answers = false;
        ScriptedStream again = proxy.Open(SecretKind.Bundle, "b1-old");
        world.Pass(60);

        Assert.NotEqual(lost, again.Last.Payload!.Version);
        Assert.Equal(1, world.Engine.Floor);
        again.Ack();
        world.Pass(31);
        Assert.Equal(2, world.Engine.Floor);
    }

    [Fact]
    public void A_leaf_that_was_refused_or_lost_is_followed_by_a_new_one()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p");
        proxy.Answers = false;
        proxy.Start();
        proxy.Bundle.Ack();
        world.Pass(1);
        string refused = proxy.Leaf.Serial;
        proxy.Leaf.Nack();
        world.Pass(10);
        string lost = proxy.Leaf.Serial;
        proxy.Leaf.Close();
        ScriptedStream again = proxy.Open(SecretKind.Leaf);
        world.Pass(10);

        Assert.Equal(3, new[] { refused, lost, again.Serial }.Distinct().Count());
        Assert.Equal(3, proxy.Instance.Outstanding.Length);
        again.Ack();
        world.Pass(31);
        Assert.Equal(again.Serial, Assert.Single(proxy.Instance.Outstanding).Serial);
    }

    // Its floor had risen without that leaf: the process may still enforce what came before.
    [Fact]
    public void A_leaf_that_has_expired_stays_expired_when_the_server_starts_again_with_its_clock_set_back()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar away = world.Sidecar("away").Start();
        string leaf = away.Leaf.Last.Payload!.Version;
        away.Disconnect();
        world.Rotate("b", EngineWorld.Quick with { GateDeadline = TimeSpan.FromDays(9), DropSoak = TimeSpan.FromDays(1) });
        world.Pass(TimeSpan.FromHours(1.5));
        Assert.Equal(("b", 2), (world.State.Signer, world.Engine.Floor));

        world.Time.WallError = TimeSpan.FromHours(-25);
        world.Restart();
        away.Open(SecretKind.Leaf, leaf);
        world.Pass(1);
        Assert.All(away.Instances, instance => Assert.False(instance.Member));
    }

    // Without a plan nobody doubts the clock.
    [Fact]
    public void A_leaf_ends_with_the_state_whose_floor_rests_on_its_end()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar away = world.Sidecar("away").Start();
        string leaf = away.Leaf.Last.Payload!.Version;
        string serial = away.Leaf.Serial;
        away.Disconnect();
        world.Rotate("b");
        world.Server.Pace = effect => effect is SetLeafState ? (TimeSpan.FromDays(1), default) : default;
        world.Pass(TimeSpan.FromHours(1.5));
        Assert.Equal((null, 3), (world.State.Plan, world.Store.State.Floor));
        Assert.Equal(LeafState.Expired, world.Store.Row(serial)!.State);

        foreach (double hours in (double[])[-25, -50])
        {
            world.Time.WallError = TimeSpan.FromHours(hours);
            world.Restart();
            away.Open(SecretKind.Leaf, leaf);
            world.Pass(1);
            Assert.All(away.Instances, instance => Assert.False(instance.Member));
            away.Disconnect();
        }
    }

    // A source of its own, added while it was away: the others have their time to come back.
    [Fact]
    public void Who_came_just_before_an_absent_process_of_its_key_expires_may_be_that_process()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        DateTimeOffset end = proxy.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(1) });
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromSeconds(5));
        proxy.Return(null, null);
        world.Pass(4);
        Assert.Equal([1, 2], proxy.Instances.Select(instance => instance.Lo).Order());

        world.Pass(20);
        Assert.Equal(1, world.Engine.Floor);
        ScriptedStream hidden = proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(20);
        Assert.Equal((2, 1), (hidden.Epoch, world.Engine.Floor));
        world.Pass(20);
        Assert.Equal(2, world.Engine.Floor);
    }

    // It shows what it had before, so it is not taken for new; and the name that knows how many sources it has ends before those are due.
    [Fact]
    public void Who_came_just_before_with_what_it_had_is_waited_for_until_all_its_sources_are_there()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        DateTimeOffset end = proxy.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(1) });
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromSeconds(5));
        proxy.Return(null, "b1-any");
        world.Pass(180);
        Assert.Equal((2, 0), (proxy.Instance.BundleSlots, proxy.Leaf.Got.Count));
        ScriptedStream hidden = proxy.Open(SecretKind.Bundle, "b1-any", name: "Bundle1");
        world.Pass(40);
        Assert.Equal((2, 1), (hidden.Epoch, proxy.Leaf.Got.Count));
    }

    [Fact]
    public void Who_came_just_before_and_has_a_leaf_already_may_be_that_process_too()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        DateTimeOffset end = proxy.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(1) });
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromSeconds(9));
        ScriptedStream leaf = proxy.Open(SecretKind.Leaf, name: "Leaf1");
        proxy.Open(SecretKind.Bundle, name: "Bundle1");
        world.Pass(2);
        Assert.Single(leaf.Got);
        leaf.Close();
        world.Pass(15);
        Assert.Equal((1, 1L), (proxy.Instances.Count, world.Engine.Floor));
        ScriptedStream hidden = proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(1);
        Assert.Equal((2L, 1L), (hidden.Epoch, world.Engine.Floor));
        world.Pass(60);
        Assert.Equal(2, world.Engine.Floor);
    }

    // How many sources it has is known to its old name alone, and must outlive the server when that ends.
    [Fact]
    public void What_the_old_name_knew_of_its_sources_outlives_the_server_under_the_new_one()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start(bundles: 3);
        DateTimeOffset end = proxy.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(1) });
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromSeconds(9));
        ScriptedStream leaf = proxy.Open(SecretKind.Leaf, name: "Leaf1");
        ScriptedStream bundle = proxy.Open(SecretKind.Bundle, name: "Bundle9");
        world.Pass(15);
        (string serial, string version) = (leaf.Accepted!, bundle.Accepted!);
        world.Restart(proxy);
        proxy.Open(SecretKind.Leaf, serial, name: "Leaf1");
        proxy.Open(SecretKind.Bundle, version, name: "Bundle9");
        world.Pass(180);
        Assert.Equal((3, 1L), (proxy.Instance.BundleSlots, world.Engine.Floor));
    }

    // It has shown its new source alone, and is away again when its old name ends.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_came_just_before_and_has_gone_again_may_be_that_process_too(bool takesKeysFirst)
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        DateTimeOffset end = proxy.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        proxy.Disconnect();
        world.Rotate("b", EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(1) });
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromSeconds(20));
        if (takesKeysFirst)
        {
            proxy.Open(SecretKind.TicketKeys);
        }

        proxy.Return(null, null);
        world.Pass(4);
        Assert.Equal([1, 2], proxy.Instances.Select(instance => instance.Lo).Order());
        string leaf = proxy.Leaf.Accepted!;
        proxy.Disconnect();

        world.Pass(60);
        Assert.Equal((1, 1L), (proxy.Instances.Count, world.Engine.Floor));
        proxy.Return(leaf, "b2-any");
        world.Pass(100);
        Assert.Equal(1, world.Engine.Floor);
        ScriptedStream hidden = proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(20);
        Assert.Equal((2L, 1L), (hidden.Epoch, world.Engine.Floor));
        world.Pass(60);
        Assert.Equal(2, world.Engine.Floor);
    }

    [Fact]
    public void A_retirement_that_a_crash_has_kept_from_being_written_down_has_retired_nobody()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string serial = proxy.Leaf.Serial;
        proxy.Disconnect();
        world.Pass(1);
        string id = proxy.Instance.Id;
        world.Server.Fate = static effect => effect is SaveState { Entry.Kind: DecisionKind.RetireInstance } ? EffectFate.DiesBefore : EffectFate.Works;
        world.Server.Order(command => new RetireInstance { Id = command, Actor = "op", InstanceId = id });
        world.Pass(1);
        Assert.False(world.Server.Up);
        Assert.Equal(LeafState.Acked, world.Store.Row(serial)!.State);
    }

    // It refuses what it is sent, looks new for that, and its connection flickers.
    [Fact]
    public void A_process_is_not_succeeded_while_one_of_its_key_that_has_no_leaf_may_come_back()
    {
        EngineWorld world = new();
        Sidecar one = world.Sidecar("p").Start();
        string serial = one.Leaf.Serial;
        one.Disconnect();
        Sidecar twin = world.Sidecar("p").Start();
        one.Open(SecretKind.Bundle).Answers = false;
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Contains(twin.Instances, instance => instance.Outstanding.Any(row => row.Serial == serial));

        one.Disconnect();
        world.Pass(TimeSpan.FromMinutes(14));
        Assert.Contains(twin.Instances, instance => instance.Outstanding.Any(row => row.Serial == serial));
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.DoesNotContain(twin.Instances, instance => instance.Outstanding.Any(row => row.Serial == serial));
    }
}
