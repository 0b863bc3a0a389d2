using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>One process on two connections: HTTP/2 lets a connection drain, which takes no new streams and keeps those it has.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public void A_process_whose_connection_drains_is_brought_together_on_the_new_one()
    {
        EngineWorld world = new();
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Drain();
        proxy.Open(SecretKind.Bundle, name: "Another");
        world.Pass(60);

        Assert.Equal((2, 2, 1), (proxy.Instance.BundleSlots, proxy.Instance.BundleSubscriptions, proxy.Instance.LeafSubscriptions));
        Assert.Equal(2, world.Effects.OfType<EndStream>().Count());
        world.Rotate("b");
        world.Pass(120);
        Assert.Equal((RotationPhase.Steady, "B", true), (world.Engine.Phase, world.Bundle, proxy.IsOn("b")));
        world.AssertSound();
    }

    [Fact]
    public void What_stays_on_the_older_connection_is_ended_when_the_leaf_is_reported_on_the_newer()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Last.Payload!.Version;
        ScriptedStream bundle = proxy.Bundle;
        proxy.Leaf.Close();
        proxy.Drain();
        proxy.Obeys = false;
        proxy.Open(SecretKind.Leaf, leaf);
        Assert.Equal((1, true), (bundle.Ended, bundle.IsOpen));

        // Nothing is concluded while it is not back.
        world.Rotate("b");
        world.Pass(300);
        Assert.Equal((1, "A,B"), (world.Engine.Floor, world.Bundle));
        proxy.Open(SecretKind.Bundle, "b1-any");
        world.Pass(60);
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void Nothing_is_concluded_of_a_process_while_its_streams_are_being_ended()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Last.Payload!.Version;
        proxy.Leaf.Close();
        proxy.Drain();
        proxy.Obeys = false;
        proxy.Answers = false;
        ScriptedStream added = proxy.Open(SecretKind.Bundle, name: "Another");

        // The streams that it has left behind accept the new bundle, and the source that was added enforces the old one, as a stranger.
        added.Ack();
        world.Rotate("b");
        world.Pass(300);
        Assert.Equal((1, "A,B", "a"), (world.Engine.Floor, world.Bundle, world.State.Signer));
        proxy.Open(SecretKind.Leaf, leaf).Answers = true;
        Assert.Equal((1, 2), (proxy.Instance.Lo, proxy.Instance.BundleSlots));

        proxy.Answers = true;
        proxy.Open(SecretKind.Bundle, "b1-any");
        added.Answers = true;
        added.Ack();
        world.Pass(300);
        Assert.Equal(("B", true), (world.Bundle, proxy.IsOn("b")));
        world.AssertSound();
    }

    // The slots of the name that it seemed to be were being written when it was found to be another.
    [Fact]
    public void A_source_that_comes_to_its_process_from_another_name_is_sent_what_the_others_are()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        world.Pass(60);
        string leaf = proxy.Leaf.Accepted!;
        proxy.Disconnect();
        proxy.Workload = proxy.Workload with { BundleOnly = true };
        proxy.Open(SecretKind.Bundle);
        world.Pass(60);
        world.Server.Pace = effect => effect is RaiseSlots ? (TimeSpan.FromSeconds(10), TimeSpan.Zero) : default;
        ScriptedStream other = proxy.Open(SecretKind.Bundle, name: "Bundle1");
        proxy.Workload = proxy.Workload with { BundleOnly = false };
        proxy.Open(SecretKind.Leaf, leaf);
        world.Pass(60);
        Assert.Equal(2, proxy.Instance.BundleSlots);
        Assert.NotEmpty(other.Got);
    }

    // Seeds 9500070607 and 9500158640: it was away in its backoff, and a leaf went out to the others.
    [Fact]
    public void A_stream_that_is_stuck_while_it_is_being_ended_counts_its_backoff_from_its_end()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p");
        proxy.Obeys = false;
        ScriptedStream stuck = proxy.Open(SecretKind.Bundle);
        world.Pass(1);
        proxy.Drain();
        proxy.Open(SecretKind.Bundle, name: "Another");
        ScriptedStream leaf = proxy.Open(SecretKind.Leaf);
        world.Pass(20);
        Assert.Equal(1, stuck.Ended);
        stuck.Close();
        world.Pass(25);
        Assert.Empty(leaf.Got);
        world.Pass(10);
        Assert.Single(leaf.Got);
    }

    // Seed 1000002653: a source of bundles came back alone on a newer connection, enforced the bundle of then, and was lost again.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_source_that_was_back_under_another_name_has_all_its_time_once_more(bool noticed)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        string leaf = proxy.Leaf.Last.Payload!.Version;
        long first = proxy.Connection;
        proxy.Streams[1].Close();
        world.Pass(world.Policy.SuccessionWindow - TimeSpan.FromSeconds(10));

        proxy.Obeys = false;
        proxy.Drain();
        proxy.Open(SecretKind.Bundle, name: "Bundle1");
        proxy.Streams[..^1].ForEach(stream => stream.Close());
        world.Server.Post(new ConnectionClosed(first));
        world.Pass(1);
        long second = proxy.Connection;
        if (noticed)
        {
            proxy.Disconnect();
        }
        else
        {
            proxy.Drain();
        }

        proxy.Return(leaf, "b1-any");
        world.Pass(20);
        Assert.Equal(2, Holder().BundleSlots);
        world.Server.Post(new ConnectionClosed(second));
        world.Pass(world.Policy.SuccessionWindow - TimeSpan.FromSeconds(30));
        Assert.Equal(2, Holder().BundleSlots);
        world.Pass(60);
        Assert.Equal(1, Holder().BundleSlots);

        InstanceView Holder() => Assert.Single(proxy.Instances, instance => !instance.Outstanding.IsEmpty);
    }

    [Fact]
    public void What_is_unanswered_on_a_connection_that_may_be_dead_is_not_sent_again_on_the_next()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p", bundleOnly: true).Start();
        Sidecar twin = world.Sidecar("p", bundleOnly: true).Start();
        world.Pass(60);
        twin.Disconnect();
        proxy.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Manual);

        // It has refused the bundle, and its link has died unnoticed: it comes back as what may be its twin.
        proxy.Obeys = false;
        proxy.Drain();
        ScriptedStream back = proxy.Open(SecretKind.Bundle);
        Assert.Equal((2, 2), (proxy.Bundle.Epoch, back.Epoch));
        Assert.NotEqual(proxy.Bundle.Last.Payload!.Version, back.Last.Payload!.Version);
    }

    [Fact]
    public void A_consumer_that_opens_its_stream_anew_on_its_own_connection_is_no_other_that_is_away()
    {
        EngineWorld world = new();
        Sidecar away = world.Sidecar("p", bundleOnly: true).Start();
        Sidecar twin = world.Sidecar("p", bundleOnly: true).Start();
        world.Pass(60);
        away.Disconnect();
        twin.Bundle.Close();
        twin.Open(SecretKind.Bundle);
        world.Pass(1);
        Assert.Equal(2, twin.Instances.Count);
        world.Rotate("b", EngineWorld.Manual);
        world.Pass(60);
        Assert.Equal(1, world.Engine.Floor);
    }

    // The drain list: whoever was there before a root was dropped.
    [Fact]
    public void A_consumer_that_is_known_by_its_key_alone_may_have_run_for_as_long_as_any_of_that_key()
    {
        EngineWorld world = new();
        Sidecar first = world.Sidecar("p", bundleOnly: true).Start();
        DateTimeOffset came = first.Instance.FirstSeen!.Value;
        world.Pass(600);
        Sidecar second = world.Sidecar("p", bundleOnly: true).Start();
        world.Pass(60);

        // Its link has died unnoticed, the other is away: it takes the other's name.
        second.Disconnect();
        first.Obeys = false;
        first.Drain();
        first.Open(SecretKind.Bundle);
        world.Pass(1);
        Assert.Equal([came, came], first.Instances.Select(static instance => instance.FirstSeen));
    }

    // Nobody knows since when it has run; and under its other name, which had a leaf as well, it looked new.
    [Fact]
    public void Of_two_names_of_one_process_that_of_unknown_age_counts()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p");
        proxy.Obeys = false;
        proxy.Open(SecretKind.Bundle, "b1-of-before");
        proxy.Open(SecretKind.Leaf);
        world.Pass(60);
        string leaf = Assert.Single(proxy.Instance.Outstanding).Serial;
        Assert.Null(proxy.Instance.FirstSeen);
        proxy.Drain();
        proxy.Open(SecretKind.Bundle, name: "Bundle1");
        ScriptedStream newer = proxy.Open(SecretKind.Leaf, name: "Leaf1");
        world.Pass(60);
        string other = newer.Serial;
        proxy.Drain();
        proxy.Open(SecretKind.Leaf, $"l{leaf}");
        proxy.Open(SecretKind.Leaf, $"l{other}", name: "Leaf1");
        world.Pass(1);
        Assert.Null(proxy.Instance.FirstSeen);
    }

    [Fact]
    public void Twins_are_disturbed_once_by_each_connection_and_not_by_each_other_for_ever()
    {
        EngineWorld world = new();
        Sidecar first = world.Sidecar("p").Start();
        Sidecar second = world.Sidecar("p").Start();
        world.Pass(600);
        Assert.All(first.Streams, stream => Assert.InRange(stream.Ended, 0, 1));
        Assert.All(second.Streams, stream => Assert.Equal(0, stream.Ended));
        Assert.Equal(2, world.Effects.OfType<EndStream>().Count());
        Assert.Equal(2, first.Instances.Count);
        world.Rotate("b");
        world.Pass(120);
        Assert.Equal("B", world.Bundle);
    }

    [Fact]
    public void A_stream_that_has_not_heard_is_told_once_and_nobody_else_is_told()
    {
        EngineWorld world = new();
        Sidecar other = world.Sidecar("other").Start();
        Sidecar sibling = world.Sibling(other, "second").Start();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Obeys = false;
        List<ScriptedStream> old = [.. proxy.Streams];
        for (int connection = 0; connection < 3; connection++)
        {
            proxy.Drain();
            proxy.Open(SecretKind.Bundle, name: "Another");
        }

        world.Pass(1);
        Assert.All(old, stream => Assert.Equal(1, stream.Ended));
        Assert.All(other.Streams.Concat(sibling.Streams), stream => Assert.Equal(0, stream.Ended));
    }
}
