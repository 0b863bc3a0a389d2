using System.Collections;
using System.Reflection;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>A broken promise names itself and the proxies, holds the plan, and stops no serving. The state is broken here by hand, behind the engine's back.</summary>
public sealed class InvariantTests
{
    [Fact]
    public void I1_and_I5_name_the_proxies_whose_leaves_nobody_vouches_for()
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        Break(world, state => state with { Bundle = ["B"], Signer = "b", Epoch = state.Epoch + 1 });
        Assert.Contains(world.Notes, note => note.Contains("I1:", StringComparison.Ordinal) && note.Contains("spiffe://mesh/fleet1", StringComparison.Ordinal));
        Held(world, "I1");

        EngineWorld other = new();
        other.Fleet(1);
        other.Rotate("b", EngineWorld.Manual);
        other.Pass(1);
        Break(other, state => state with { Bundle = ["B"], Signer = "b", Epoch = state.Epoch + 1 });
        other.Pass(TimeSpan.FromHours(30));
        Assert.Contains("invariant violated: I5: root A was dropped while 1 leaves needed it, of spiffe://mesh/fleet0 (fleet0)", other.Notes);
        other.Unhold();
        other.Pass(1);
        Assert.Null(other.State.Plan?.Hold);
    }

    [Fact]
    public void I2_says_that_the_signer_is_tainted_or_unknown_or_not_trusted()
    {
        EngineWorld world = new();
        world.Fleet(1);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        Break(world, state => Moves.Taint(state, "A"));
        Held(world, "I2: the signer 'a' is tainted");
        Assert.Equal("invariant violated: I2: the signer 'nobody' is unknown", NoteAfter(state => state with { Signer = "nobody" }));
        Assert.Equal("invariant violated: I2: the signer's root 'B' is not in the bundle", NoteAfter(state => state with { Signer = "b" }));
    }

    [Fact]
    public void I3_counts_the_roots() =>
        Assert.StartsWith("invariant violated: I3: the bundle holds 3 roots", NoteAfter(state => state with { Bundle = ["A", "B", "X"], Roots = state.Roots.Add(Mesh.Root("X")) }), StringComparison.Ordinal);

    // The setting was higher when the bundle grew: only the plan can make it smaller, and it must not grow again.
    [Fact]
    public void I3_takes_a_bundle_as_large_as_the_term_found_it_until_it_has_shrunk()
    {
        TrustState three = Mesh.First() with { Bundle = ["A", "B", "X"], Roots = [Mesh.Root("A") with { Since = 1, SafeAt = Mesh.Born }, Mesh.Root("B"), Mesh.Root("X")] };
        EngineWorld world = new(first: three);
        world.AssertSound();
        Break(world, state => state with { Bundle = ["A", "B"] });
        world.AssertSound();
        Break(world, state => state with { Bundle = ["A", "B", "X"] });
        Assert.Contains("invariant violated: I3: the bundle holds 3 roots, not 1 to 2", world.Notes);
    }

    [Fact]
    public void I6_says_who_is_sent_an_older_bundle()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        Break(world, state => state with { Epoch = 1 });
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = proxy.Instance.Id });
        Held(world, "I6: spiffe://mesh/p (p) is sent the bundle of epoch 1 after that of 2");
    }

    // No event leads here; so what the engine knows of the ledger is taken away from it.
    [Fact]
    public void I7_says_who_is_sent_a_leaf_that_the_ledger_does_not_hold()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        string serial = Assert.Single(proxy.Instance.Outstanding).Serial;
        FieldInfo ledger = typeof(TrustDomainEngine).GetField("_leafOwners", BindingFlags.Instance | BindingFlags.NonPublic)!;
        ((IDictionary)ledger.GetValue(world.Engine)!).Remove(serial);
        proxy.Open(SecretKind.Leaf, name: "the same in another listener");
        world.Pass(1);
        Held(world, $"I7: spiffe://mesh/p (p) is sent leaf {serial}, which the ledger does not hold");
    }

    [Fact]
    public void I8_holds_the_plan_when_the_bundle_goes_bad_and_serving_goes_on()
    {
        Random random = new(1);
        EngineSeams seams = Mesh.Seams(random) with { FindBundleFault = (_, now) => now > Mesh.Born.AddHours(1) ? "root A has expired" : null };
        EngineWorld world = new(seams: seams);
        world.Fleet(1);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(60);
        Assert.Null(world.State.Plan!.Hold);
        world.Pass(TimeSpan.FromHours(1.5));
        Held(world, "I8: root A has expired");
    }

    private static string NoteAfter(Func<TrustState, TrustState> breaking)
    {
        EngineWorld world = new();
        Break(world, breaking);
        return Assert.Single(world.Notes, note => note.StartsWith("invariant", StringComparison.Ordinal));
    }

    private static void Break(EngineWorld world, Func<TrustState, TrustState> breaking)
    {
        world.Server.Post(new StateSaved(breaking(world.State)));
        world.Pass(1);
    }

    private static void Held(EngineWorld world, string reason)
    {
        world.Pass(1);
        Assert.Equal(HoldCause.Invariant, world.State.Plan!.Hold?.Cause);
        Assert.StartsWith(reason, world.State.Plan.Hold!.Reason, StringComparison.Ordinal);
        Sidecar joiner = world.Sidecar("joiner");
        ScriptedStream bundle = joiner.Open(SecretKind.Bundle);
        world.Pass(1);
        Assert.NotEmpty(bundle.Got);
    }

    [Fact]
    public void Only_who_lifts_its_own_hold_forgives_a_violation()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        world.Do(id => new HoldRotation { Id = id, Actor = "op", Reason = "lunch" });
        world.Server.Post(new StateSaved(world.State with { Epoch = 1 }));
        world.Pass(1);
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = proxy.Instance.Id });
        world.Pass(1);
        world.Server.Post(new StateSaved(world.State with { Epoch = 2 }));
        world.Pass(1);
        Assert.Equal(HoldCause.Operator, world.State.Plan!.Hold?.Cause);

        world.Unhold();
        world.Pass(1);
        Assert.Equal(HoldCause.Invariant, world.State.Plan!.Hold?.Cause);
        Assert.StartsWith("I6", world.State.Plan.Hold!.Reason, StringComparison.Ordinal);
        world.Unhold();
        world.Pass(1);
        Assert.Null(world.State.Plan.Hold);
    }

    [Fact]
    public void What_an_operator_turns_back_from_does_not_hold_the_way_back()
    {
        EngineSeams seams = Mesh.Seams(new Random(1)) with { FindBundleFault = static (state, now) => state.Bundle.Contains("B") && now > Mesh.Born.AddHours(1) ? "root B is bad" : null };
        EngineWorld world = new(seams: seams);
        world.Fleet(2);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval });
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(HoldCause.Invariant, world.State.Plan!.Hold?.Cause);

        CommandOutcome back = world.Turn(RotationGoal.Back);
        Assert.Equal((CommandStatus.Done, "rotation 'r1' goes back now"), (back.Status, back.Message));
        world.Pass(10);
        Assert.Equal((null, "A", "a"), (world.State.Plan, world.Bundle, world.State.Signer));
    }

    [Fact]
    public void What_was_endured_on_one_way_back_holds_that_of_the_next_rotation()
    {
        bool bad = false;
        EngineSeams seams = Mesh.Seams(new Random(1)) with { FindBundleFault = (state, _) => bad && state.Bundle.Contains("B") ? "root B is bad" : null };
        EngineWorld world = new(seams: seams);
        world.Fleet(4);
        world.Rotate("b", EngineWorld.Quick with { TrustGate = GatePolicy.Approval });
        world.Pass(TimeSpan.FromMinutes(1));
        bad = true;
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(CommandStatus.Done, world.Turn(RotationGoal.Back).Status);
        world.Pass(10);
        Assert.Null(world.State.Plan);

        bad = false;
        world.Server.Webhook = ask => new WebhookAnswered(ask.Ask, WebhookVerdict.Deny, "error rate 4 %");
        world.Rotate("b", EngineWorld.Quick with { WaveGate = new GatePolicy(GateKind.Webhook), DropGate = GatePolicy.Approval, Waves = [Wave.Of(1)], AutomaticRollback = true });
        world.Pass(60);
        Assert.Equal((RotationGoal.Back, null), (world.State.Plan!.Goal, world.State.Plan.Hold));
        bad = true;
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(HoldCause.Invariant, world.State.Plan.Hold?.Cause);
    }
}
