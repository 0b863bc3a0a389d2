using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What goes out, and what must be durable before it does.</summary>
public sealed class DeliveryTests
{
    [Fact]
    public void Nothing_goes_out_on_a_new_slot_before_the_ledger_knows_of_it()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        // Two writes, one after the other.
        world.Server.Pace = effect => effect is RaiseSlots ? (TimeSpan.FromSeconds(2.5), default) : default;
        ScriptedStream bundle = proxy.Open(SecretKind.Bundle);
        ScriptedStream leaf = proxy.Open(SecretKind.Leaf);
        world.Pass(2.4);
        Assert.All(world.Store.Ledger, row => Assert.Equal(1, row.BundleSlots));
        world.Pass(2.5);
        Assert.Empty(bundle.Got);
        Assert.Empty(leaf.Got);
        Assert.All(world.Store.Ledger, row => Assert.Equal((2, 1), (row.BundleSlots, row.LeafSlots)));
        world.Pass(0.2);
        Assert.Single(bundle.Got);
        Assert.Single(leaf.Got);
        Assert.All(world.Store.Ledger, row => Assert.Equal((2, 2), (row.BundleSlots, row.LeafSlots)));
    }

    [Fact]
    public void A_slot_that_opens_while_the_first_row_is_being_written_is_made_durable_before_the_leaf_goes_out()
    {
        EngineWorld world = new();
        world.Server.Pace = effect => effect is WriteLedger or RaiseSlots ? (TimeSpan.FromSeconds(1), default) : default;
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Open(SecretKind.Bundle);
        world.Pass(0.5);
        Assert.Equal(1, Assert.Single(world.Store.Ledger).BundleSlots);
        Assert.Empty(proxy.Leaf.Got);
        world.Pass(2);
        Assert.Equal(2, Assert.Single(world.Store.Ledger).BundleSlots);
        Assert.Single(proxy.Leaf.Got);
    }

    [Fact]
    public void A_slot_that_a_roster_entry_does_not_know_yet_is_added_to_it()
    {
        EngineWorld world = new();
        world.Server.Pace = effect => effect is WriteRoster ? (TimeSpan.FromSeconds(1), default) : default;
        Sidecar client = world.Sidecar("c", bundleOnly: true).Start();
        client.Open(SecretKind.Bundle);
        world.Pass(2);
        Assert.Equal(2, Assert.Single(world.Store.Roster.Values).BundleSlots);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void On_a_stream_for_all_a_response_waits_for_the_answer_to_the_one_before(bool shared)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p", bundleOnly: true);
        Sidecar onOne = new(world, proxy.Key, proxy.Workload) { SharedStream = shared ? 1 : null, Answers = false };
        ScriptedStream first = onOne.Open(SecretKind.Bundle);
        ScriptedStream second = onOne.Open(SecretKind.Bundle, name: "Another");
        world.Pass(5);
        Assert.Equal((1, shared ? 0 : 1), (first.Got.Count, second.Got.Count));
        first.Ack();
        Assert.Single(second.Got);
        second.Answers = true;
        second.Ack();
        first.Answers = true;

        // What is due at once goes out in one response.
        world.Rotate("b", EngineWorld.Manual);
        Assert.Equal((2, 2), (first.Got.Count, second.Got.Count));
    }

    [Fact]
    public void A_leaf_never_goes_out_before_its_row_is_written()
    {
        EngineWorld world = new();
        world.Server.Pace = effect => effect is WriteLedger ? (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)) : default;
        Sidecar proxy = world.Sidecar("p").Start();
        world.Pass(2.9);
        Assert.Empty(proxy.Leaf.Got);
        world.Pass(0.2);
        Assert.Single(proxy.Leaf.Got);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_leaf_whose_row_may_or_may_not_be_written_is_not_sent_and_another_follows(bool written)
    {
        EffectFate fate = written ? EffectFate.FailsAfter : EffectFate.Fails;
        EngineWorld world = new();
        string? failed = null;
        world.Server.Fate = effect =>
        {
            if (effect is WriteLedger write && failed is null)
            {
                failed = write.Insert.Row.Serial;
                return fate;
            }

            return EffectFate.Works;
        };
        Sidecar proxy = world.Sidecar("p").Start();
        world.Pass(10);
        Assert.NotNull(failed);
        Assert.NotEqual(failed, Assert.Single(proxy.Leaf.Got).Payload!.Version[1..]);
        Assert.DoesNotContain(world.Store.Ledger, row => row.Serial == failed && row.State != LeafState.Superseded);
        Assert.Single(proxy.Instance.Outstanding);
    }

    [Fact]
    public void Bundle_and_leaf_of_one_proxy_are_never_both_on_their_way()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Leaf.Answers = false;
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = proxy.Instance.Id });
        world.Pass(1);
        proxy.Bundle.Answers = false;
        Assert.Equal(2, proxy.Leaf.Got.Count);
        int bundles = proxy.Bundle.Got.Count;
        world.Rotate("b");
        world.Pass(10);
        Assert.Equal(bundles, proxy.Bundle.Got.Count);
        proxy.Leaf.Ack();
        world.Pass(1);
        Assert.Equal(bundles + 1, proxy.Bundle.Got.Count);
    }

    [Fact]
    public void Bytes_that_were_refused_are_never_sent_again_to_whoever_has_that_key()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b");
        HashSet<string> refused = [];
        for (int time = 0; time < 4; time++)
        {
            Assert.True(refused.Add(proxy.Bundle.Last.Payload!.Version));
            proxy.Bundle.Nack();
            world.Pass(60);
        }

        proxy.Disconnect();
        proxy.Answers = true;
        proxy.Return(null, null);
        ScriptedStream more = proxy.Open(SecretKind.Bundle);
        world.Pass(60);
        Assert.DoesNotContain(proxy.Bundle.Versions.Concat(more.Versions), refused.Contains);
    }

    [Fact]
    public void The_wait_after_a_refusal_doubles_also_where_another_slot_accepts()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        ScriptedStream second = proxy.Open(SecretKind.Leaf);
        world.Pass(1);
        second.Answers = false;
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = proxy.Instance.Id });
        int sent = second.Got.Count - 1;
        for (int second10 = 0; second10 < 600; second10++)
        {
            if (second.Got.Count > sent)
            {
                sent = second.Got.Count;
                second.Nack();
            }

            world.Pass(1);
        }

        Assert.InRange(second.Got.Count, 5, 12);
    }

    [Fact]
    public void After_a_restart_without_a_new_epoch_the_same_bytes_go_only_to_who_reports_them()
    {
        EngineWorld world = new();
        Sidecar holds = world.Sidecar("holds").Start();
        Sidecar other = world.Sidecar("other").Start();
        string shared = world.Engine.Bundle.Version;
        (string one, string two) = (holds.Leaf.Last.Payload!.Version, other.Leaf.Last.Payload!.Version);
        world.Restart(holds, other);
        holds.Return(one, shared);
        other.Return(two, "b1-refusedtheshared");
        world.Pass(1);
        Assert.Equal(shared, holds.Bundle.Last.Payload!.Version);
        Assert.NotEqual(shared, other.Bundle.Last.Payload!.Version);
    }

    [Fact]
    public void A_leaf_row_that_no_root_of_the_bundle_vouches_for_is_taken_as_superseded_after_a_crash()
    {
        EngineWorld world = new();
        world.Server.Pace = effect => effect is SetLeafState ? (TimeSpan.FromHours(20), default) : default;
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal("B", world.Bundle);
        world.Restart(proxy);
        Assert.Equal("b", Assert.Single(proxy.Instance.Outstanding).AuthorityId);
        world.AssertSound();
    }

    // On a shared stream only the newest response can be answered.
    [Fact]
    public void What_was_displaced_on_its_stream_is_followed_by_fresh_bytes_when_the_other_had_its_time()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick);
        string displaced = proxy.Bundle.Last.Payload!.Version;
        world.Server.Post(new DeliveryDisplaced(proxy.Bundle.Id, proxy.Bundle.Last.Id));
        world.Server.Post(new DeliveryAcked(proxy.Bundle.Id, proxy.Bundle.Last.Id));
        world.Pass(29);
        Assert.Equal((1, displaced), (world.Engine.Floor, proxy.Bundle.Last.Payload!.Version));
        proxy.Bundle.Answers = true;
        proxy.Leaf.Answers = false;
        world.Pass(2);
        Assert.NotEqual(displaced, proxy.Bundle.Last.Payload!.Version);
        Assert.Equal(2, world.Engine.Floor);

        string leaf = proxy.Leaf.Serial;
        world.Server.Post(new DeliveryDisplaced(proxy.Leaf.Id, proxy.Leaf.Last.Id));
        world.Pass(29);
        Assert.Equal(leaf, proxy.Leaf.Serial);
        proxy.Leaf.Answers = true;
        world.Pass(2);
        Assert.NotEqual(leaf, proxy.Leaf.Serial);
        world.Pass(60);
        Assert.Equal(("B", true), (world.Bundle, proxy.IsOn("b")));
    }

    // One of the two may have refused the bytes that the other has accepted.
    [Fact]
    public void A_version_that_covers_several_bundles_does_not_say_that_each_has_accepted_these_bytes()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        string leaf = proxy.Leaf.Last.Payload!.Version;
        world.Restart(proxy);
        string shared = world.Engine.Bundle.Version;
        proxy.Open(SecretKind.Leaf, leaf);
        ScriptedStream one = proxy.Open(SecretKind.Bundle, $"{shared}+{leaf}");
        ScriptedStream two = proxy.Open(SecretKind.Bundle, $"{shared}+{leaf}", joint: true);
        world.Pass(1);
        Assert.Equal(shared, one.Last.Payload!.Version);
        Assert.NotEqual(shared, two.Last.Payload!.Version);
    }
}
