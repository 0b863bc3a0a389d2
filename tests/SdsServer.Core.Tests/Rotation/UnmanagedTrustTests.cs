using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Proxies that take leaves, and their trust from somewhere else.</summary>
public sealed class UnmanagedTrustTests
{
    [Fact]
    public void An_operator_who_has_looked_lets_it_have_a_leaf_and_looks_again_whenever_the_roots_change()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("unmanaged");
        ScriptedStream leaf = proxy.Open(SecretKind.Leaf);
        world.Pass(60);
        Assert.Empty(leaf.Got);
        Assert.Equal(CommandStatus.Done, Confirm(world, proxy).Status);
        world.Pass(1);
        Assert.Single(leaf.Got);

        world.Rotate("b", EngineWorld.Quick);
        world.Pass(60);
        Assert.Equal("a", world.State.Signer);
        Blocker blocker = Assert.Single(world.Engine.AllBlockers());
        Assert.Equal((BlockerReason.UnmanagedTrust, proxy.Instance.Id), (blocker.Reason, blocker.InstanceId));
        Confirm(world, proxy);
        world.Pass(60);
        Assert.Equal(("b", "B", RotationPhase.Removing), (world.State.Signer, world.Bundle, world.Engine.Phase));
        Assert.Equal(BlockerReason.UnmanagedTrust, Assert.Single(world.Engine.AllBlockers()).Reason);
        Confirm(world, proxy);
        world.Pass(60);
        Assert.Equal(RotationPhase.Steady, world.Engine.Phase);
        Assert.True(proxy.IsOn("b"));
        Assert.Contains(world.Store.Log, entry => entry.Kind == DecisionKind.ConfirmTrust && entry.Subject == proxy.Instance.Id);
        world.AssertSound();
    }

    [Fact]
    public void Only_the_current_bundle_can_be_confirmed_and_only_for_who_takes_none_from_here()
    {
        EngineWorld world = new();
        Sidecar managed = world.Sidecar("managed").Start();
        Sidecar proxy = world.Sidecar("unmanaged");
        proxy.Open(SecretKind.Leaf);
        world.Pass(1);
        Assert.Equal(CommandStatus.Refused, Confirm(world, managed).Status);
        Assert.Equal(CommandStatus.Aborted, Confirm(world, proxy, epoch: 7).Status);
        Assert.Equal(CommandStatus.NotFound, world.Do(id => new ConfirmTrust { Id = id, Actor = "op", InstanceId = "nobody", Epoch = 1 }).Status);
        Assert.False(proxy.Instance.Member);
    }

    private static CommandOutcome Confirm(EngineWorld world, Sidecar proxy, long? epoch = null) =>
        world.Do(id => new ConfirmTrust { Id = id, Actor = "op", InstanceId = proxy.Instance.Id, Epoch = epoch ?? world.State.Epoch });
}
