using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>An absent proxy with a valid leaf keeps each gate shut until that leaf's NotAfter and the skew are over, to the tick.</summary>
[Trait("Rule", "E14.7")]
public sealed class AbsenceTests
{
    private static readonly RotationPolicy Manual = EngineWorld.Manual with { GateDeadline = TimeSpan.FromDays(9) };

    [Fact]
    public void It_holds_G1_while_it_may_enforce_the_old_bundle()
    {
        EngineWorld world = Away(out Sidecar absent);
        absent.Disconnect();
        world.Rotate("b", Manual);
        OpensAfter(world, absent, Gate.G1, BlockerReason.Absent);
        world.Advance(Gate.G1);
        Assert.Equal("b", world.State.Signer);
    }

    [Fact]
    public void It_holds_G3_while_it_may_present_a_leaf_of_the_outgoing_root()
    {
        EngineWorld world = Away(out Sidecar absent);
        world.Rotate("b", Manual);
        world.Pass(1);
        absent.Disconnect();
        world.Advance(Gate.G1);
        world.Pass(1);
        OpensAfter(world, absent, Gate.G3, BlockerReason.NeedsOutgoingRoot);
        world.Advance(Gate.G3);
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void It_holds_G4_while_it_may_enforce_the_dropped_root()
    {
        EngineWorld world = Away(out Sidecar absent);
        world.Rotate("b", Manual);
        world.Pass(1);
        world.Advance(Gate.G1);
        world.Pass(60);
        absent.Disconnect();
        world.Advance(Gate.G3);
        world.Pass(1);
        Assert.Equal(("B", RotationPhase.Removing), (world.Bundle, world.Engine.Phase));
        OpensAfter(world, absent, Gate.G4, BlockerReason.Absent);
        Assert.Null(world.State.Plan);
    }

    // On the way back the roles of the roots are exchanged.
    [Fact]
    public void Turned_back_it_holds_the_removal_of_the_new_root()
    {
        EngineWorld world = Away(out Sidecar absent);
        world.Rotate("b", Manual);
        world.Pass(1);
        world.Advance(Gate.G1);
        world.Pass(60);
        absent.Disconnect();
        world.Turn(RotationGoal.Back);
        world.Advance(Gate.G1);
        world.Pass(60);
        Assert.Equal("a", world.State.Signer);
        OpensAfter(world, absent, Gate.G3, BlockerReason.NeedsOutgoingRoot);
    }

    private static EngineWorld Away(out Sidecar absent)
    {
        EngineWorld world = new();
        world.Fleet(3);
        absent = world.Sidecar("absent").Start();
        return world;
    }

    private static void OpensAfter(EngineWorld world, Sidecar absent, Gate gate, BlockerReason reason)
    {
        DateTimeOffset end = absent.Instance.Outstanding.Max(row => row.NotAfter) + world.Policy.MaxSkew;
        world.Pass(end - TimeSpan.FromTicks(1) - world.Time.True);
        AssertShut();
        world.Pass(TimeSpan.FromTicks(1));
        Assert.Equal(end, world.Time.True);
        AssertShut();

        world.Pass(TimeSpan.FromTicks(1));
        world.Server.Post(new ClockTicked());
        world.Pass(TimeSpan.Zero);
        Assert.Empty(absent.Instances);
        Assert.True(world.Engine.Outlook() is not { } outlook || outlook.Verdict is { Open: true } || outlook.Verdict.Gate != gate);
        world.AssertSound();

        void AssertShut()
        {
            world.Server.Post(new ClockTicked());
            (Verdict verdict, Refusal? refusal) = world.Engine.Outlook()!.Value;
            Assert.Equal((gate, false), (verdict.Gate, verdict.Open));
            Blocker blocker = Assert.Single(refusal!.Blockers);
            Assert.Equal((absent.Key.SpiffeId, reason, end), (blocker.SpiffeId, blocker.Reason, blocker.Until));
        }
    }

    [Fact]
    public void Who_came_back_while_its_leaf_ran_out_misses_what_it_missed_before()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromMinutes(30));
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        world.Server.Fate = effect => effect is SignLeaf ? EffectFate.Fails : EffectFate.Works;
        DateTimeOffset until = proxy.Instance.Outstanding[0].NotAfter + world.Policy.MaxSkew;
        world.Pass(until - world.Time.True - TimeSpan.FromMinutes(1));
        proxy.Disconnect();

        // By one of its two sources, which says what it holds; nothing shows that it had a leaf.
        proxy.Open(SecretKind.Bundle, "b1-any");
        proxy.Open(SecretKind.Leaf);
        world.Pass(90);
        Assert.Equal((2, 1), (proxy.Instance.BundleSlots, proxy.Instance.BundleSubscriptions));
        world.Server.Fate = _ => EffectFate.Works;
        world.Rotate("b");
        world.Pass(180);
        Assert.Equal((1, "A,B"), (world.Engine.Floor, world.Bundle));
        proxy.Open(SecretKind.Bundle, "b1-any", name: "Bundle1");
        world.Pass(120);
        Assert.True(proxy.IsOn("b"));
        world.AssertSound();
    }
}
