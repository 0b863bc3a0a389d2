using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Every refusal says who, why, and until when.</summary>
public sealed class GateTests
{
    private static readonly RotationPolicy Manual = EngineWorld.Manual;

    [Fact]
    public void G0_names_what_speaks_against_the_root_and_changes_nothing()
    {
        EngineWorld world = new(seams: Mesh.Seams(new Random(1), (_, authority, _) => authority.Id == "b" ? ["its key is in use by root A"] : []));
        CommandOutcome outcome = world.Rotate("b");
        Assert.Equal((CommandStatus.Refused, Gate.G0), (outcome.Status, outcome.Refusal!.Gate));
        Assert.Equal((BlockerReason.UnfitRoot, "its key is in use by root A"), (outcome.Refusal.Blockers[0].Reason, outcome.Refusal.Blockers[0].Detail));
        Assert.Null(world.State.Plan);
        Assert.Equal("A", world.Bundle);
    }

    [Fact]
    public void G1_names_who_has_not_answered_who_refused_and_who_is_away_until_when()
    {
        EngineWorld world = new();
        Sidecar silent = world.Sidecar("silent").Start();
        Sidecar refusing = world.Sidecar("refusing").Start();
        Sidecar absent = world.Sidecar("absent").Start();
        silent.Bundle.Answers = false;
        refusing.Bundle.Answers = false;
        DateTimeOffset until = absent.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        absent.Disconnect();
        world.Rotate("b", Manual);
        refusing.Bundle.Nack("no room");
        world.Unhold();

        Refusal refusal = world.Engine.Outlook()!.Value.Refusal!;
        Assert.Equal((Gate.G1, 3), (refusal.Gate, refusal.BlockerCount));
        Blocker Of(Sidecar sidecar) => refusal.Blockers.Single(blocker => blocker.SpiffeId == sidecar.Key.SpiffeId);
        Assert.Equal((BlockerReason.PendingAck, null), (Of(silent).Reason, Of(silent).Until));
        Assert.Equal(BlockerReason.Nacked, Of(refusing).Reason);
        Assert.Contains("no room", Of(refusing).Detail, StringComparison.Ordinal);
        Assert.Equal((BlockerReason.Absent, until), (Of(absent).Reason, Of(absent).Until));
        Assert.Null(refusal.Earliest);
        Assert.NotEmpty(refusal.OverrideBreaks);
    }

    [Fact]
    public void G1_names_the_end_of_its_soak()
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Rotate("b", new RotationPolicy { TrustSoak = TimeSpan.FromMinutes(10) });
        world.Pass(5);
        (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
        Blocker blocker = Assert.Single(refusal!.Blockers);
        Assert.Equal((BlockerReason.Soak, world.State.Root("B").SafeAt + TimeSpan.FromMinutes(10)), (blocker.Reason, blocker.Until));
        Assert.Equal(blocker.Until, refusal.Earliest);
        Assert.Equal(blocker.Until, verdict.OpensAt);
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void G1_of_a_forward_step_stays_shut_while_a_refusal_is_open_and_a_leader_is_young()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", Manual);
        world.Pass(1);
        Sidecar refusing = world.Sidecar("r").Start();
        refusing.Leaf.Answers = false;
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = refusing.Instance.Id });
        world.Pass(1);
        refusing.Leaf.Nack("odd");
        world.Unhold();
        CommandOutcome outcome = world.Advance(Gate.G1);
        Assert.Equal(CommandStatus.Refused, outcome.Status);
        Assert.Contains(outcome.Refusal!.Blockers, blocker => blocker.Reason == BlockerReason.Nacked);

        EngineWorld young = new();
        Sidecar member = young.Sidecar("m").Start();
        member.Bundle.Answers = false;
        young.Rotate("b", Manual);
        young.Restart(member);
        Blocker wait = young.Engine.AllBlockers()[0];
        Assert.Equal(BlockerReason.YoungTerm, wait.Reason);
        Assert.InRange(wait.Until!.Value, young.Time.True + TimeSpan.FromSeconds(29), young.Time.True + TimeSpan.FromSeconds(31));
        Assert.NotNull(proxy);
    }

    [Fact]
    public void G1_stays_shut_for_a_while_after_the_target_could_not_sign()
    {
        EngineWorld world = new();
        world.Fleet(1);
        world.Server.Anchors = (authority, _) => authority == "b" ? ["X"] : ["A"];
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromHours(1) });
        world.Pass(10);
        Assert.Contains("ends at X", world.Engine.SignerProblem, StringComparison.Ordinal);
        world.Turn(RotationGoal.Back);
        world.Pass(1);
        world.Turn(RotationGoal.Forward);
        world.Pass(1);

        Assert.Equal("a", world.State.Signer);
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        Assert.Equal(BlockerReason.Signer, blocker.Reason);
        Assert.NotNull(blocker.Until);
        world.Server.Anchors = (authority, state) => [state.Authority(authority).RootId];
        world.Pass(120);
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void G3_names_every_leaf_that_needs_the_root_and_until_when()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar absent = world.Sidecar("absent").Start();
        LedgerRow leaf = absent.Instance.Outstanding[0];
        world.Rotate("b", Manual);
        world.Pass(1);
        absent.Disconnect();
        world.Advance(Gate.G1);
        world.Pass(1);

        CommandOutcome outcome = world.Advance(Gate.G3);
        Assert.Equal((CommandStatus.Refused, Gate.G3), (outcome.Status, outcome.Refusal!.Gate));
        Blocker blocker = Assert.Single(outcome.Refusal.Blockers);
        Assert.Equal((BlockerReason.NeedsOutgoingRoot, leaf.NotAfter + world.Policy.MaxSkew), (blocker.Reason, blocker.Until));
        Assert.Contains(leaf.Serial, blocker.Detail, StringComparison.Ordinal);
        Assert.Equal(blocker.Until, outcome.Refusal.Earliest);
        Assert.Equal("A,B", world.Bundle);
    }

    [Fact]
    public void G4_names_who_may_still_enforce_the_dropped_root()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar slow = world.Sidecar("slow").Start();
        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromSeconds(5) });
        world.Pass(2);
        slow.Bundle.Answers = false;
        world.Pass(10);
        (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
        Assert.Equal((MoveKind.Finish, Gate.G4), (verdict.Move, refusal!.Gate));
        Assert.Equal(slow.Key.SpiffeId, Assert.Single(refusal.Blockers).SpiffeId);
    }

    // Everybody may be back already: it is the time that opens the gate, and no proxy is to blame.
    [Theory]
    [InlineData(Gate.G1)]
    [InlineData(Gate.G2)]
    public void A_gate_that_is_shut_because_the_server_has_just_started_says_so(Gate gate)
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(3);
        TimeSpan soak = TimeSpan.FromMinutes(1);
        world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(1)], TrustSoak = gate == Gate.G1 ? soak : TimeSpan.Zero, CanarySoak = soak });
        world.Pass(59);
        List<(string? Leaf, string? Bundle)> held = [.. fleet.Select(sidecar => (sidecar.Leaf.Accepted, sidecar.Bundle.Accepted))];
        world.Restart(fleet);
        for (int i = 0; i < fleet.Length; i++)
        {
            fleet[i].Return(held[i].Leaf, held[i].Bundle);
        }

        world.Pass(10);
        Assert.Equal(gate, world.Engine.Outlook()!.Value.Refusal?.Gate);
        Assert.Equal(BlockerReason.YoungTerm, Assert.Single(world.Engine.AllBlockers()).Reason);
    }

    [Fact]
    public void The_end_of_a_rotation_that_drops_no_root_speaks_of_none()
    {
        EngineWorld world = new();
        world.AddIntermediate("a2");
        Sidecar away = world.Sidecar("away").Start();
        world.Fleet(1);
        away.Disconnect();
        world.Rotate("a2", kind: RotationKind.Intermediate);
        world.Pass(60);
        Refusal refusal = world.Engine.Outlook()!.Value.Refusal!;
        Assert.Equal((Gate.G4, "authority_still_needed"), (refusal.Gate, refusal.Code));
        world.Retire(away.Instance.Id);
        world.Pass(1);
        Assert.Equal("finish rotation", world.Store.Log[^1].Action);
        Assert.All([refusal.Message, .. refusal.OverrideBreaks, world.Store.Log[^1].Reason], text => Assert.DoesNotContain("root", text, StringComparison.Ordinal));
    }

    [Fact]
    public void G3_says_in_envoys_words_who_refuses_its_new_leaf_and_who_is_silent()
    {
        EngineWorld world = new();
        Sidecar refuses = world.Sidecar("refuses").Start(), silent = world.Sidecar("silent").Start();
        refuses.Leaf.Answers = silent.Leaf.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { Waves = [], MaxInFlight = 2, MaxSilentPercent = 100 });
        world.Pass(2);
        Assert.Contains("is on the way", Detail(world, silent), StringComparison.Ordinal);
        refuses.Leaf.Nack("no such curve");
        world.Pass(0.1);
        Assert.EndsWith("refused Leaf: no such curve", Detail(world, refuses), StringComparison.Ordinal);
        world.Pass(40);
        Assert.Contains("unanswered for 00:00:30", Detail(world, silent), StringComparison.Ordinal);
    }

    private static string Detail(EngineWorld world, Sidecar sidecar) => world.Engine.AllBlockers().Single(blocker => blocker.InstanceId == sidecar.Instance.Id).Detail;

    // Then nothing is measured, and nobody has to be back for that.
    [Fact]
    public void A_young_term_keeps_no_signer_of_one_wave_waiting()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Quick with { Waves = [], TrustSoak = TimeSpan.FromMinutes(5) });
        world.Pass(10);
        string leaf = proxy.Leaf.Accepted!, bundle = proxy.Bundle.Accepted!;
        world.Restart(proxy);
        proxy.Return(leaf, bundle);
        world.Pass(5);
        Assert.Equal(BlockerReason.Soak, Assert.Single(world.Engine.AllBlockers()).Reason);
    }
}
