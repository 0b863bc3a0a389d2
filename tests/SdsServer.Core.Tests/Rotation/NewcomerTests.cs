using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Who looks new may not be, and what a new leader does not remember.</summary>
public sealed class NewcomerTests
{
    [Fact]
    public void The_first_bundle_of_whoever_looks_new_is_made_of_bytes_that_nobody_else_gets()
    {
        EngineWorld world = new();
        world.Fleet(1);
        world.Rotate("b");
        world.Pass(60);
        Sidecar one = world.Sidecar("one");
        Sidecar two = world.Sidecar("two");
        one.Answers = two.Answers = false;
        one.Start();
        two.Start();
        string[] versions = [one.Bundle.Last.Payload!.Version, two.Bundle.Last.Payload!.Version, world.Engine.Bundle.Version];
        Assert.Equal(3, versions.Distinct().Count());
    }

    [Fact]
    public void A_term_that_begins_before_everyone_has_proven_the_epoch_makes_a_new_one_and_only_then()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b");
        string salt = world.State.Salt;
        world.Restart(proxy);
        Assert.Equal(3, world.State.Epoch);
        Assert.NotEqual(salt, world.State.Salt);
        Assert.Equal("A,B", world.Bundle);

        EngineWorld steady = new();
        steady.Fleet(1);
        steady.Restart();
        Assert.Equal(1, steady.State.Epoch);
    }

    [Fact]
    public void The_floor_does_not_rise_in_the_first_reconnect_window_of_a_term()
    {
        EngineWorld world = new();
        world.Server.Post(new ReplicaAcknowledged("follower", 1));
        world.Rotate("b");
        world.Restart();
        world.Pass(29);
        Assert.Equal(1, world.Engine.Floor);
        world.Pass(2);
        Assert.Equal(world.State.Epoch, world.Engine.Floor);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_process_with_bundle_bytes_and_no_leaf_is_not_taken_as_new_when_it_comes_back(bool serverHasNoticed)
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar process = world.Sidecar("p");
        process.Open(SecretKind.Bundle);
        process.Open(SecretKind.Bundle);
        world.Pass(1);
        if (serverHasNoticed)
        {
            process.Disconnect();
        }

        // The slot that comes back first never had an answer, so it reports nothing; the other one still enforces what it has.
        Sidecar again = world.Sidecar("p");
        again.Return(null, null);
        world.Pass(29);
        Assert.Empty(again.Leaf.Got);
        again.Answers = false;
        ScriptedStream second = again.Open(SecretKind.Bundle, "b1-any");
        world.Pass(60);
        Assert.Empty(again.Leaf.Got);
        second.Ack();
        world.Pass(1);
        Assert.Single(again.Leaf.Got);
    }

    [Fact]
    public void A_new_process_waits_for_nothing_but_its_bundle()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar process = world.Sidecar("p").Start(bundles: 2);
        Assert.Single(process.Leaf.Got);
    }

    // At the first epoch there is nothing older to hide; a moment later there is.
    [Fact]
    public void A_process_that_comes_back_early_in_a_term_may_hide_a_slot_even_at_the_first_epoch()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p");
        proxy.Open(SecretKind.Bundle);
        world.Pass(1);
        world.Restart(proxy);
        world.Pass(5);
        proxy.Open(SecretKind.Leaf);
        world.Pass(1);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(1);
        ScriptedStream added = proxy.Open(SecretKind.Bundle);
        world.Pass(10);
        Assert.Equal(2, added.Epoch);
        Assert.False(proxy.Instance.Member);
    }
}
