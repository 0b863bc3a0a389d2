using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>The server's own serving certificate in a rotation: no proxy loses its link that has not been given up by name.</summary>
public sealed class ServingTests
{
    private static readonly FleetPolicy Own = new() { OwnServing = true };

    [Fact]
    public void Without_a_certificate_of_its_own_no_anchor_counts_and_nothing_is_stored()
    {
        EngineWorld world = new();
        Sidecar proxy = Remote(world, "p");
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal((RotationPhase.Steady, "B", null), (world.Engine.Phase, world.Bundle, world.State.Serving));
        Assert.Null(world.Engine.ServingCertificate());
        Assert.Equal(CommandStatus.Refused, Confirm(world, proxy).Status);
        Assert.True(proxy.IsOn("b"));
    }

    [Fact]
    public void It_moves_when_every_proxy_says_that_it_has_the_anchor_and_only_then_is_the_old_root_dropped()
    {
        EngineWorld world = new(Own);
        Remote(world, "first", "A", "B");
        Remote(world, "second", "B");
        Assert.Equal("a", world.State.Serving!.AuthorityId);
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal((RotationPhase.Steady, "B", "b"), (world.Engine.Phase, world.Bundle, world.State.Serving!.AuthorityId));
        Assert.Null(world.State.Serving.WaitsSince);
        List<Decision> log = [.. world.Store.Log];
        int moved = log.FindIndex(entry => entry.Kind == DecisionKind.MoveServing);
        Assert.InRange(moved, log.FindIndex(entry => entry.Kind == DecisionKind.SetSigner) + 1, log.FindIndex(entry => entry.Kind == DecisionKind.DropTrust) - 1);
        Assert.Contains("every proxy concerned accepts", log[moved].Reason, StringComparison.Ordinal);
        world.AssertSound();
    }

    [Fact]
    public void A_proxy_that_says_nothing_or_names_other_roots_keeps_the_old_root_and_is_named()
    {
        EngineWorld world = new(Own);
        Remote(world, "knows", "A", "B");
        Sidecar silent = Remote(world, "silent");
        Sidecar other = Remote(world, "other", "A", "X");
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal((RotationPhase.Drained, "A,B", "b", "a"), (world.Engine.Phase, world.Bundle, world.State.Signer, world.State.Serving!.AuthorityId));
        Assert.True(silent.IsOn("b"));

        Refusal refusal = world.Engine.Outlook()!.Value.Refusal!;
        Assert.Equal((Gate.G3, 2), (refusal.Gate, refusal.BlockerCount));
        Assert.All(refusal.Blockers, blocker => Assert.Equal((BlockerReason.MissingAnchor, blocker.InstanceId), (blocker.Reason, blocker.OverrideName)));
        Assert.Equal([other.Key.SpiffeId, silent.Key.SpiffeId], refusal.Blockers.Select(blocker => blocker.SpiffeId).Order(StringComparer.Ordinal));
        Assert.All(refusal.Blockers, blocker => Assert.Equal(world.State.Serving!.WaitsSince + Own.BootstrapGrace, blocker.Until));
        Assert.StartsWith("2 proxies (", Assert.Single(refusal.OverrideBreaks), StringComparison.Ordinal);
        Assert.EndsWith("each loses its link to this server at its next connect, and gets no renewals, until its anchors hold the root of 'b'", refusal.OverrideBreaks[0], StringComparison.Ordinal);
        ServingView view = world.Engine.ServingCertificate()!;
        Assert.Equal(("a", "A", "B", true, 2), (view.AuthorityId, view.RootId, view.NextRootId, view.Waits, view.MissingCount));
        Assert.Equal(CommandStatus.Refused, world.Advance(Gate.G3).Status);
        world.AssertSound();
    }

    [Fact]
    public void A_proxy_that_comes_back_with_the_anchor_opens_the_gate()
    {
        EngineWorld world = new(Own);
        Sidecar silent = Remote(world, "silent");
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal("a", world.State.Serving!.AuthorityId);
        string leaf = silent.Leaf.Last.Payload!.Version;
        silent.Disconnect();
        silent.Anchors = ["A", "B"];
        silent.Return(leaf, null);
        world.Pass(120);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Fact]
    public void The_newest_word_counts_so_that_a_process_with_an_older_bootstrap_blocks_again()
    {
        EngineWorld world = new(Own);
        Sidecar proxy = Remote(world, "p", "A", "B");
        string leaf = proxy.Leaf.Last.Payload!.Version;
        proxy.Disconnect();
        proxy.Anchors = ["A"];
        proxy.Return(leaf, null);
        world.Pass(60);
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(("a", "b", "A,B"), (world.State.Serving!.AuthorityId, world.State.Signer, world.Bundle));
        Assert.Equal(BlockerReason.MissingAnchor, Assert.Single(world.Engine.AllBlockers()).Reason);
    }

    [Fact]
    public void On_a_unix_socket_and_as_a_stranger_nobody_is_asked()
    {
        EngineWorld world = new(Own);
        world.Fleet(2);
        Sidecar stranger = world.Sidecar("stranger", peer: "ip:10.0.0.9");
        stranger.Answers = false;
        stranger.Start();
        Assert.False(stranger.Instance.Member);
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal((RotationPhase.Steady, "B", "b"), (world.Engine.Phase, world.Bundle, world.State.Serving!.AuthorityId));
    }

    [Fact]
    public void A_consumer_of_the_bundle_alone_is_asked_too()
    {
        EngineWorld world = new(Own);
        Sidecar export = world.Sidecar("export", bundleOnly: true, peer: "ip:10.0.0.9").Start();
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal((BlockerReason.MissingAnchor, export.Instance.Id), (Assert.Single(world.Engine.AllBlockers()).Reason, world.Engine.AllBlockers()[0].InstanceId));
    }

    [Fact]
    public void An_absent_proxy_counts_until_its_last_leaf_has_expired()
    {
        EngineWorld world = new(Own);
        Remote(world, "knows", "A", "B");
        Sidecar absent = Remote(world, "absent");
        world.Rotate("b");
        world.Pass(60);
        absent.Disconnect();
        DateTimeOffset until = absent.Instance.Outstanding.Max(row => row.NotAfter) + Own.MaxSkew;
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        Assert.Equal((BlockerReason.MissingAnchor, until), (blocker.Reason, blocker.Until));
        world.Pass(until - world.Time.True - TimeSpan.FromMinutes(1));
        Assert.Equal("a", world.State.Serving!.AuthorityId);
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Fact]
    public void A_proxy_that_is_retired_is_waited_for_no_more()
    {
        EngineWorld world = new(Own);
        Sidecar gone = Remote(world, "gone");
        world.Rotate("b");
        world.Pass(60);
        gone.Disconnect();
        world.Retire(gone.Instance.Id);
        world.Pass(60);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Fact]
    public void An_operator_confirms_what_was_found_and_a_restart_keeps_it()
    {
        EngineWorld world = new(Own);
        Sidecar one = Remote(world, "one");
        Sidecar two = Remote(world, "two");
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(CommandStatus.Done, Confirm(world, one).Status);
        Assert.Contains(world.Store.Log, entry => entry.Kind == DecisionKind.ConfirmAnchors && entry.Subject == one.Instance.Id);
        Assert.Equal(two.Instance.Id, Assert.Single(world.Engine.AllBlockers()).InstanceId);
        DateTimeOffset since = world.State.Serving!.WaitsSince!.Value;

        world.Restart(one, two);
        Assert.Equal(since, world.State.Serving!.WaitsSince);
        Assert.Equal([two.Key.SpiffeId], world.Engine.ServingCertificate()!.Missing.Select(blocker => blocker.SpiffeId));
        Assert.Equal(CommandStatus.Done, Confirm(world, two).Status);
        world.Pass(120);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, string.Join(',', world.State.Bundle)));
        world.AssertSound();
    }

    [Fact]
    public void What_was_confirmed_of_one_bundle_says_nothing_of_a_root_that_came_later()
    {
        EngineWorld world = new(Own);
        Sidecar proxy = Remote(world, "p");
        Assert.Equal(CommandStatus.Aborted, Confirm(world, proxy, epoch: 7).Status);
        Assert.Equal(CommandStatus.NotFound, world.Do(id => new ConfirmAnchors { Id = id, Actor = "op", InstanceId = "nobody", Epoch = 1 }).Status);
        Assert.Equal(CommandStatus.Done, Confirm(world, proxy).Status);
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(("a", "A,B"), (world.State.Serving!.AuthorityId, world.Bundle));
        Confirm(world, proxy);
        world.Pass(60);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Fact]
    public void Nothing_is_confirmed_of_a_proxy_that_looks_at_no_certificate()
    {
        EngineWorld world = new(Own);
        Sidecar local = world.Sidecar("local").Start();
        CommandOutcome outcome = Confirm(world, local);
        Assert.Equal((CommandStatus.Refused, "anchors_not_ours"), (outcome.Status, outcome.Refusal!.Code));
        Assert.Empty(world.State.Serving!.Confirmed);
    }

    [Fact]
    public void It_is_passed_over_by_name_and_the_log_says_who_lost_its_link()
    {
        EngineWorld world = new(Own);
        Remote(world, "knows", "A", "B");
        Sidecar silent = Remote(world, "silent");
        Sidecar other = Remote(world, "other");
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(CommandStatus.Refused, world.Override(Gate.G3, silent.Instance.Id).Status);
        Assert.Equal("a", world.State.Serving!.AuthorityId);

        Assert.Equal(CommandStatus.Done, world.Override(Gate.G3, silent.Instance.Id, other.Instance.Id, "soak").Status);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
        Decision line = world.Store.Log.Last(entry => entry.Kind == DecisionKind.OverrideGate);
        Assert.Contains($"{silent.Key.SpiffeId} {silent.Instance.Id}", line.Reason, StringComparison.Ordinal);
        Assert.Contains("certificate is under 'b'", line.Reason, StringComparison.Ordinal);
        Assert.True(silent.Instance.Member);
        world.AssertSound();
    }

    [Fact]
    public void After_the_bootstrap_grace_it_moves_and_names_whom_it_cuts_off()
    {
        FleetPolicy policy = Own with { BootstrapGrace = TimeSpan.FromHours(2) };
        EngineWorld world = new(policy);
        Sidecar silent = Remote(world, "silent");
        world.Rotate("b");
        world.Pass(60);
        DateTimeOffset until = world.State.Serving!.WaitsSince!.Value + policy.BootstrapGrace;
        world.Pass(until - world.Time.True - TimeSpan.FromSeconds(5));
        Assert.Equal(("a", "A,B"), (world.State.Serving!.AuthorityId, world.Bundle));
        world.Pass(10);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
        Decision line = Assert.Single(world.Store.Log, entry => entry.Kind == DecisionKind.MoveServing);
        Assert.Contains(silent.Key.SpiffeId, line.Reason, StringComparison.Ordinal);
        Assert.Contains(world.Notes, note => note.Contains(silent.Key.SpiffeId, StringComparison.Ordinal));
    }

    [Fact]
    public void The_deadline_of_the_gate_ends_neither_the_grace_nor_a_soak()
    {
        EngineWorld world = new(Own);
        Remote(world, "silent");
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromHours(60) });
        world.Pass(Own.BootstrapGrace - TimeSpan.FromMinutes(5));
        Assert.Equal(("a", null), (world.State.Serving!.AuthorityId, world.State.Plan!.Hold));
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(("b", null), (world.State.Serving!.AuthorityId, world.State.Plan!.Hold));

        // And a soak that the plan itself orders is no lateness.
        world.Pass(TimeSpan.FromHours(59));
        Assert.Equal(("A,B", null), (world.Bundle, world.State.Plan!.Hold));
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(("B", null), (world.Bundle, world.State.Plan?.Hold?.Reason));
    }

    [Fact]
    public void The_grace_counts_over_restarts_and_turns_of_the_plan_begin_it_anew()
    {
        FleetPolicy policy = Own with { BootstrapGrace = TimeSpan.FromHours(2) };
        EngineWorld world = new(policy);
        Sidecar silent = Remote(world, "silent");
        world.Rotate("b");
        world.Pass(TimeSpan.FromHours(1.5));
        world.Restart(silent);
        world.Pass(TimeSpan.FromHours(0.4));
        Assert.Equal("a", world.State.Serving!.AuthorityId);
        world.Turn(RotationGoal.Back);
        world.Pass(60);
        Assert.Null(world.State.Serving!.WaitsSince);
        Assert.Equal("a", world.State.Serving.AuthorityId);
    }

    [Fact]
    public void After_a_crash_it_waits_for_whoever_may_have_been_forgotten()
    {
        EngineWorld world = new(Own);
        world.Fleet(1);
        world.Server.Fate = effect => effect is SaveState { State.Serving.AuthorityId: "b" } ? EffectFate.DiesBefore : EffectFate.Works;
        world.Rotate("b");
        world.Pass(60);
        Assert.False(world.Server.Up);
        world.Server.Fate = _ => EffectFate.Works;
        world.Restart();
        world.Pass(world.Policy.ReconnectWindow - TimeSpan.FromSeconds(5));
        Assert.Equal(("b", "a", "A,B"), (world.State.Signer, world.State.Serving!.AuthorityId, world.Bundle));
        Assert.Contains(world.Engine.AllBlockers(), blocker => blocker.Reason == BlockerReason.YoungTerm);
        ServingView shown = world.Engine.ServingCertificate()!;
        Assert.Equal((true, 0), (shown.Waits, shown.MissingCount));
        Assert.InRange(shown.Until!.Value - world.Time.Now.Utc, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6));
        world.Pass(20);
        Assert.Equal("b", world.State.Serving!.AuthorityId);
    }

    [Fact]
    public void The_drop_soak_counts_from_the_move()
    {
        EngineWorld world = new(Own);
        Sidecar silent = Remote(world, "silent");
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromHours(1) });
        world.Pass(TimeSpan.FromHours(2));
        Confirm(world, silent);
        world.Pass(TimeSpan.FromMinutes(55));
        Assert.Equal(("b", "A,B"), (world.State.Serving!.AuthorityId, world.Bundle));
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void A_third_root_that_it_is_under_stays_in_the_bundle_too()
    {
        TrustState first = Mesh.First();
        EngineWorld world = new(
            Own with { MaxRoots = 3 }, first: first with { Roots = [.. first.Roots, Mesh.Root("C")], Authorities = [.. first.Authorities, Mesh.Authority("c", "C")] });
        Sidecar silent = Remote(world, "silent", "A");
        world.Rotate("b");
        world.Pass(60);
        world.Rotate("c", kind: RotationKind.Emergency, compromised: "b");
        world.Pass(120);
        Assert.Equal(("c", "a", "A,C"), (world.State.Signer, world.State.Serving!.AuthorityId, world.Bundle));
        Assert.Equal((BlockerReason.MissingAnchor, silent.Instance.Id), (Assert.Single(world.Engine.AllBlockers()).Reason, world.Engine.AllBlockers()[0].InstanceId));
        Confirm(world, silent);
        world.Pass(60);
        Assert.Equal(("c", "C", RotationPhase.Steady), (world.State.Serving!.AuthorityId, world.Bundle, world.Engine.Phase));
    }

    [Fact]
    public void It_leaves_a_root_that_gives_place_in_an_emergency()
    {
        TrustState first = Mesh.First();
        EngineWorld world = new(Own, first: first with { Roots = [.. first.Roots, Mesh.Root("C")], Authorities = [.. first.Authorities, Mesh.Authority("c", "C")] });
        Remote(world, "p", "A", "B", "C");
        world.Server.Fate = effect => effect is SignLeaf { AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", kind: RotationKind.Emergency);
        world.Pass(60);
        Assert.Equal(("b", "A,B"), (world.State.Serving!.AuthorityId, world.Bundle));
        world.Rotate("c", kind: RotationKind.Emergency, compromised: "b");
        Assert.Contains(world.Effects.OfType<SaveState>(), static save => save.State is { Plan.To: "c", Signer: "a", Serving.AuthorityId: "c" } && save.State.Bundle.SequenceEqual(["A", "C"]));
        world.Pass(60);
        Assert.Equal(("C", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
    }

    [Fact]
    public void A_held_plan_holds_it_too()
    {
        EngineWorld world = new(Own);
        Sidecar silent = Remote(world, "silent");
        world.Rotate("b");
        world.Pass(60);
        world.Do(id => new HoldRotation { Id = id, Actor = "op", Reason = "wait" });
        Confirm(world, silent);
        world.Pass(60);
        Assert.Equal("a", world.State.Serving!.AuthorityId);
        world.Unhold();
        world.Pass(60);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Fact]
    public void A_doubt_that_the_same_look_finds_holds_it_too()
    {
        EngineWorld world = new(Own);
        Remote(world, "p", "A", "B");
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval });
        world.Pass(60);
        world.Server.Pace = static effect => effect is SaveState ? (TimeSpan.FromSeconds(5), default) : default;
        world.Server.Order(static id => new AdvanceRotation { Id = id, Actor = "op", Gate = Gate.G1 });
        world.Pass(1);
        world.Time.WallError = TimeSpan.FromHours(2);
        world.Pass(60);
        Assert.Equal(("b", "a", HoldCause.Clock), (world.State.Signer, world.State.Serving!.AuthorityId, world.State.Plan!.Hold?.Cause));
    }

    [Fact]
    public void The_way_back_moves_it_back_by_the_same_rule()
    {
        EngineWorld world = new(Own);
        Sidecar onlyNew = Remote(world, "new", "B");
        Remote(world, "both", "A", "B");
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromHours(1) });
        world.Pass(60);
        Assert.Equal(("b", "A,B"), (world.State.Serving!.AuthorityId, world.Bundle));
        world.Turn(RotationGoal.Back);
        world.Pass(120);
        Assert.Equal(("a", "b", "A,B"), (world.State.Signer, world.State.Serving!.AuthorityId, world.Bundle));
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        Assert.Equal((BlockerReason.MissingAnchor, onlyNew.Instance.Id), (blocker.Reason, blocker.InstanceId));
        Confirm(world, onlyNew);
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(("a", "A", RotationPhase.Steady), (world.State.Serving!.AuthorityId, world.Bundle, world.Engine.Phase));
        world.AssertSound();
    }

    [Fact]
    public void A_time_gate_drops_no_root_that_it_is_under()
    {
        EngineWorld world = new(Own);
        Remote(world, "silent");
        GatePolicy soon = new(GateKind.Time, TimeSpan.FromSeconds(5));
        world.Rotate("b", EngineWorld.Quick with { DropGate = soon });
        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal(("a", "A,B"), (world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Fact]
    public void An_intermediate_under_the_same_root_takes_over_at_once()
    {
        EngineWorld world = new(Own);
        Remote(world, "silent");
        world.AddIntermediate("i");
        world.Rotate("i", kind: RotationKind.Intermediate);
        world.Pass(60);
        Assert.Equal(("i", RotationPhase.Steady), (world.State.Serving!.AuthorityId, world.Engine.Phase));
    }

    [Fact]
    public void A_stolen_root_is_left_at_once_and_who_loses_its_link_is_named()
    {
        EngineWorld world = new(Own);
        Remote(world, "knows", "A", "B");
        Sidecar silent = Remote(world, "silent", "A");
        world.Rotate("b", kind: RotationKind.Emergency, compromised: "a");
        Assert.Equal("b", world.State.Serving!.AuthorityId);
        Decision line = Assert.Single(world.Store.Log, entry => entry.Kind == DecisionKind.StartRotation);
        Assert.Contains(silent.Key.SpiffeId, line.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("spiffe://mesh/knows", line.Reason, StringComparison.Ordinal);
        world.Pass(60);
        Assert.Equal(("b", "B"), (world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whom_a_forced_move_cut_off_is_not_taken_as_gone_because_it_stays_away(bool cutOff)
    {
        EngineWorld world = new(Own);
        Sidecar old = Remote(world, "p", cutOff ? ["A"] : ["A", "B"]);
        world.Rotate("b", EngineWorld.Manual, kind: RotationKind.Emergency, compromised: "a");
        old.Disconnect();
        Sidecar newer = Remote(world, "p", "A", "B");
        world.Pass(TimeSpan.FromMinutes(40));
        world.Restart(newer);
        newer.Return(newer.Leaf.Accepted, newer.Bundle.Accepted);
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Equal(cutOff, world.State.Serving!.LeavesBehind);
        Assert.Equal(cutOff ? 2 : 1, newer.Instances.Count);
    }

    // It has its link from before, so it can still become somebody who counts; and then that link goes.
    [Theory]
    [InlineData(RotationKind.Emergency)]
    [InlineData(RotationKind.Planned)]
    public void Who_counted_only_after_the_move_is_not_taken_as_gone_either(RotationKind kind)
    {
        EngineWorld world = new(Own);
        Sidecar old = world.Sidecar("p", peer: "ip:10.0.0.1");
        old.Answers = false;
        old.Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval }, kind: kind, compromised: kind == RotationKind.Emergency ? "a" : null);
        world.Pass(60);
        Assert.Equal("b", world.State.Serving!.AuthorityId);
        Assert.False(old.Instance.Member);
        old.Leaf.Answers = true;
        old.Bundle.Ack();
        world.Pass(60);
        Assert.True(old.IsOn("b"));
        old.Disconnect();
        Sidecar newer = Remote(world, "p", "A", "B");
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Equal(2, newer.Instances.Count);
        world.AssertSound();
    }

    // Only from then on it can come back.
    [Fact]
    public void Whom_a_forced_move_cut_off_is_taken_as_gone_when_it_stays_away_after_it_is_known_to_accept_the_root()
    {
        EngineWorld world = new(Own);
        Sidecar old = Remote(world, "p", "A");
        string id = old.Instance.Id;
        world.Rotate("b", EngineWorld.Manual, kind: RotationKind.Emergency, compromised: "a");
        old.Disconnect();
        Sidecar newer = Remote(world, "p", "A", "B");
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Equal(2, newer.Instances.Count);
        Assert.Equal(CommandStatus.Done, world.Do(order => new ConfirmAnchors { Id = order, Actor = "op", InstanceId = id, Epoch = world.State.Epoch }).Status);
        world.Pass(TimeSpan.FromMinutes(14));
        Assert.Equal(2, newer.Instances.Count);
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Single(newer.Instances);
    }

    // The server signs its certificate when the state has moved, and needs its time for that; or the move was being written when the handshake was.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_was_shown_the_certificate_of_before_is_not_taken_as_gone_either(bool isWritten)
    {
        EngineWorld world = new(Own);
        Sidecar old = new(world, new InstanceKey("spiffe://mesh/p", "p", "ip:10.0.0.1"), new Workload("spiffe://mesh/p", [], BundleOnly: false)) { ServedUnder = "A" };
        bool isSlow = !isWritten;
        world.Server.Fate = effect => isSlow && effect is SaveState { State.Serving.AuthorityId: "b" } ? EffectFate.Fails : EffectFate.Works;
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(0.1);
        Assert.Equal(isWritten ? "b" : "a", world.State.Serving!.AuthorityId);
        old.Start();
        isSlow = false;
        world.Pass(60);
        Assert.True(old.IsOn("b"));
        old.Disconnect();
        Sidecar newer = Remote(world, "p", "A", "B");
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Equal((2, true), (newer.Instances.Count, world.State.Serving!.LeavesBehind));
        world.Restart(newer);
        newer.Return(newer.Leaf.Accepted, newer.Bundle.Accepted);
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Equal(2, newer.Instances.Count);
        world.AssertSound();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_was_shown_the_certificate_of_before_is_stored_at_once_unless_it_says_that_it_has_the_anchor(bool says)
    {
        EngineWorld world = new(Own);
        world.Rotate("b", EngineWorld.Quick);
        world.Pass(60);
        Assert.Equal((null, "b"), (world.State.Plan, world.State.Serving!.AuthorityId));
        Sidecar late = new(world, new InstanceKey("spiffe://mesh/p", "p", "ip:10.0.0.1"), new Workload("spiffe://mesh/p", [], BundleOnly: false)) { ServedUnder = "A", Anchors = says ? ["A", "B"] : [] };
        late.Start();
        Assert.True(late.IsOn("b"));
        Assert.Equal(!says, world.Store.State.Serving!.LeavesBehind);
    }

    [Fact]
    public void Whom_a_forced_move_cut_off_has_its_time_to_come_back_when_the_certificate_moves_on()
    {
        EngineWorld world = new(Own);
        Sidecar old = Remote(world, "p", "A");
        world.Rotate("b", EngineWorld.Quick);
        world.Pass(60);
        world.Override(Gate.G3, old.Instance.Id);
        world.Pass(60);
        Assert.Equal(("B", "b"), (world.Bundle, world.State.Serving!.AuthorityId));
        old.Disconnect();
        Sidecar newer = Remote(world, "p", "A", "B");
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Equal(2, newer.Instances.Count);
        world.Rotate("a", EngineWorld.Quick with { DropGate = GatePolicy.Approval }, kind: RotationKind.Emergency);
        world.Pass(1);
        Assert.Equal("a", world.State.Serving!.AuthorityId);
        world.Pass(TimeSpan.FromMinutes(14));
        Assert.Equal(2, newer.Instances.Count);
        world.Pass(TimeSpan.FromMinutes(2));
        Assert.Single(newer.Instances);
    }

    [Fact]
    public void The_root_that_it_is_under_makes_no_room_for_an_emergency()
    {
        TrustState first = Mesh.First();
        EngineWorld world = new(Own, first: first with { Roots = [.. first.Roots, Mesh.Root("C")], Authorities = [.. first.Authorities, Mesh.Authority("c", "C")] });
        Remote(world, "silent", "A");
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(("b", "a", "A,B"), (world.State.Signer, world.State.Serving!.AuthorityId, world.Bundle));
        CommandOutcome outcome = world.Rotate("c", kind: RotationKind.Emergency, compromised: "b");
        Assert.Equal((CommandStatus.Refused, "too_many_roots"), (outcome.Status, outcome.Refusal?.Code));
        Assert.Equal(CommandStatus.Done, world.Rotate("a", kind: RotationKind.Emergency, compromised: "b").Status);
    }

    [Fact]
    public void A_stolen_root_that_it_is_not_under_moves_it_nowhere()
    {
        EngineWorld world = new(Own);
        Remote(world, "silent", "A");
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(("b", "a"), (world.State.Signer, world.State.Serving!.AuthorityId));
        world.Rotate("a", kind: RotationKind.Emergency, compromised: "b");
        world.Pass(60);
        Assert.Equal(("a", "a", "A"), (world.State.Signer, world.State.Serving!.AuthorityId, world.Bundle));
    }

    [Fact]
    public void The_authority_that_it_is_under_cannot_be_removed()
    {
        LedgerRow row = new()
        {
            Serial = "01", InstanceId = "away", Key = new InstanceKey("spiffe://mesh/away", "away", "ip:10.0.0.9"), BundleSlots = 1, LeafSlots = 1, AuthorityId = "b", Anchors = ["B"],
            NotBefore = Mesh.Born, NotAfter = Mesh.Born.AddHours(24),
        };
        EngineWorld world = new(Own, [row], first: Mesh.First() with { Signer = "b", Bundle = ["A", "B"], Roots = [Mesh.Root("A") with { Since = 1 }, Mesh.Root("B") with { Since = 1 }], Serving = new OwnServing { AuthorityId = "i" }, Authorities = [.. Mesh.First().Authorities, Mesh.Authority("i", "A") with { Chain = [[1], [2]] }] });
        world.Pass(10);
        Assert.Equal(1, world.Engine.ServingCertificate()!.MissingCount);
        CommandOutcome outcome = world.Do(id => new RemoveAuthority { Id = id, Actor = "op", AuthorityId = "i" });
        Assert.Equal(CommandStatus.Refused, outcome.Status);
        Assert.Contains("own certificate", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Turned_off_it_is_forgotten_and_turned_on_it_begins_under_the_signer()
    {
        EngineWorld world = new(first: Mesh.First() with { Serving = new OwnServing { AuthorityId = "b" } });
        Assert.Null(world.State.Serving);
        EngineWorld on = new(Own, first: Mesh.First() with { Signer = "b", Bundle = ["B"], Roots = [Mesh.Root("A"), Mesh.Root("B") with { Since = 1 }] });
        Assert.Equal("b", on.State.Serving!.AuthorityId);
    }

    [Fact]
    public void It_is_killed_at_every_save_and_keeps_its_word()
    {
        for (int save = 1; save < 30; save++)
        {
            EngineWorld world = new(Own);
            Sidecar knows = Remote(world, "knows", "A", "B");
            Sidecar silent = Remote(world, "silent");
            int seen = 0;
            world.Server.Fate = effect => effect is SaveState && ++seen == save ? EffectFate.DiesBefore : EffectFate.Works;
            world.Server.Died = () => { };
            world.Server.Order(id => new StartRotation { Id = id, Actor = "op", RequestId = "r", RotationId = "r", To = "b", Policy = EngineWorld.Quick });
            world.Pass(60);
            if (!world.Server.Up)
            {
                world.Restart(knows, silent);
                world.Pass(60);
            }

            // Whatever was lost, the root that the certificate is under was never dropped.
            Assert.True(world.State.Trusts(world.State.RootOf(world.State.Serving!.AuthorityId).Id));
            Assert.Equal("a", world.State.Serving.AuthorityId);
            world.AssertSound();
        }
    }

    private static Sidecar Remote(EngineWorld world, string name, params string[] anchors)
    {
        Sidecar sidecar = world.Sidecar(name, peer: $"ip:10.0.0.{name.Length}");
        sidecar.Anchors = [.. anchors];
        return sidecar.Start();
    }

    private static CommandOutcome Confirm(EngineWorld world, Sidecar proxy, long? epoch = null) =>
        world.Do(id => new ConfirmAnchors { Id = id, Actor = "op", InstanceId = proxy.Instance.Id, Epoch = epoch ?? world.State.Epoch });
}
