using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Session ticket keys, which must not let a session outlive its root.</summary>
[Trait("Rule", "E14.10")]
public sealed class TicketKeyTests
{
    [Fact]
    public void Processes_of_one_identity_share_keys_and_no_other_has_them()
    {
        EngineWorld world = new();
        Sidecar one = world.Sidecar("one").Start();
        ScriptedStream mine = one.Open(SecretKind.TicketKeys);
        ScriptedStream siblings = world.Sibling(one, "two").Start().Open(SecretKind.TicketKeys);
        ScriptedStream stranger = world.Sidecar("stranger").Start().Open(SecretKind.TicketKeys);
        world.Pass(1);
        Assert.Equal(Keys(mine), Keys(siblings));
        Assert.Equal(TicketKeysPayload.KeyLength * 2, Assert.Single(Keys(mine)).Length);
        Assert.NotEqual(Keys(mine), Keys(stranger));
        Assert.DoesNotContain(Keys(mine)[0][..8], mine.Last.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void They_are_replaced_whole_when_a_root_goes_and_one_by_one_when_their_time_is_over()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        ScriptedStream stream = proxy.Open(SecretKind.TicketKeys);
        world.Pass(1);
        string first = Keys(stream)[0];
        world.Pass(TimeSpan.FromHours(12.1));
        Assert.Equal([first], Keys(stream)[1..]);
        string second = Keys(stream)[0];

        world.Rotate("b", EngineWorld.Quick with { DropSoak = TimeSpan.FromMinutes(5) });
        world.Pass(60);
        Assert.Equal(2, stream.Got.Count);
        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal("B", world.Bundle);
        Assert.DoesNotContain(Assert.Single(Keys(stream)), new[] { first, second });
    }

    [Fact]
    public void A_new_term_has_new_ones()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        ScriptedStream before = proxy.Open(SecretKind.TicketKeys);
        world.Pass(1);
        world.Restart(proxy);
        ScriptedStream after = proxy.Start().Open(SecretKind.TicketKeys);
        world.Pass(1);
        Assert.NotEqual(Keys(before), Keys(after));
    }

    // They say nothing about what a proxy trusts.
    [Fact]
    public void Neither_silence_nor_a_refusal_of_them_holds_up_a_plan()
    {
        EngineWorld world = new();
        Sidecar silent = world.Sidecar("silent").Start();
        silent.Answers = false;
        silent.Open(SecretKind.TicketKeys);
        Sidecar refuses = world.Sidecar("refuses").Start();
        refuses.Answers = false;
        ScriptedStream stream = refuses.Open(SecretKind.TicketKeys);
        world.Pass(1);
        stream.Nack("no tickets here");
        world.Pass(10);
        Assert.Equal(2, stream.Got.Count);
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal(("B", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
    }

    [Fact]
    public void A_refusal_of_them_does_not_stand_for_that_of_a_leaf()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Answers = false;
        ScriptedStream tickets = proxy.Open(SecretKind.TicketKeys);
        proxy.Leaf.Answers = false;
        world.Rotate("b");
        world.Pass(2);
        proxy.Leaf.Nack();
        tickets.Nack();
        world.Pass(1);
        Assert.Equal(proxy.Leaf.Name, proxy.Instance.LastNack?.Secret);
    }

    // It accepts whoever holds a leaf under the dropped root, and would make a ticket of it that all the others resume.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_of_after_a_drop_go_only_to_who_has_accepted_the_bundle_of_that_drop(bool comesBack)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        Sidecar healthy = world.Sibling(proxy, "healthy").Start();
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys), healthyKeys = healthy.Open(SecretKind.TicketKeys);
        world.Pass(1);
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(10);
        string before = Keys(keys)[0];
        proxy.Bundle.Answers = false;
        world.Advance(Gate.G3);
        world.Pass(1);
        proxy.Bundle.Nack("no memory");
        world.Pass(2);
        Assert.Equal("B", world.Bundle);
        Assert.NotEqual(before, Keys(healthyKeys)[0]);
        Assert.Equal(before, Keys(keys)[0]);
        if (comesBack)
        {
            string leaf = proxy.Leaf.Accepted!, bundle = proxy.Bundle.Accepted!;
            proxy.Disconnect();
            keys = proxy.Open(SecretKind.TicketKeys, before);
            world.Pass(2);
            Assert.Empty(keys.Got);
            proxy.Answers = false;
            proxy.Return(leaf, bundle);
            proxy.Leaf.Answers = true;
            world.Pass(1);
            Assert.Empty(keys.Got);
        }

        world.Pass(60);
        proxy.Bundle.Answers = true;
        proxy.Bundle.Ack();
        world.Pass(120);
        Assert.Equal(Keys(healthyKeys), Keys(keys));
    }

    // Its other sources may be slower than a backoff: their streams ended before the connection did.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_may_be_a_process_that_is_away_and_enforces_the_dropped_root_waits_until_that_is_back_or_gone(bool comesBack)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        Sidecar healthy = world.Sibling(proxy, "healthy").Start();
        ScriptedStream healthyKeys = healthy.Open(SecretKind.TicketKeys);
        Sidecar other = world.Sidecar("other").Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(10);
        // Somebody else is away for longer, so that the end of this one moves nothing.
        other.Disconnect();
        ScriptedStream accepts = proxy.Streams.Single(stream => stream.Name == "Bundle1");
        string before = Keys(healthyKeys)[0], leaf = proxy.Leaf.Accepted!, bundle = proxy.Bundle.Accepted!;
        proxy.Bundle.Answers = false;
        world.Advance(Gate.G3);
        world.Pass(10);
        proxy.Disconnect();
        proxy.Open(SecretKind.Bundle, accepts.Accepted, name: accepts.Name);
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys, before);
        world.Pass(300);
        Assert.Equal("B", world.Bundle);
        Assert.Empty(keys.Got);
        if (comesBack)
        {
            proxy.Return(leaf, bundle);
            world.Pass(120);
        }
        else
        {
            // By rule E1 that one has gone when this one has held a leaf for W.
            proxy.Open(SecretKind.Leaf);
            world.Pass(TimeSpan.FromMinutes(14));
            Assert.Empty(keys.Got);
            world.Pass(TimeSpan.FromMinutes(2));
            Assert.Single(proxy.Instances);
        }

        Assert.Equal(Keys(healthyKeys), Keys(keys));
    }

    // It shows nothing of before: it is new for all anybody knows, and its listeners wait for keys. But the other one may have had new sources first.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_looks_new_while_a_process_of_its_key_is_away_that_has_not_left_the_root_gets_its_keys_after_a_backoff(bool isTheOther)
    {
        EngineWorld world = new();
        Sidecar proxy = AwayAtTheDrop(world);
        string leaf = proxy.Instance.Outstanding[^1].Serial;
        proxy.Open(SecretKind.Bundle, name: "Bundle2");
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys);
        world.Pass(25);
        Assert.Empty(keys.Got);
        if (isTheOther)
        {
            proxy.Open(SecretKind.Leaf, $"l{leaf}");
        }

        world.Pass(10);
        Assert.Equal(isTheOther ? 1 : 2, proxy.Instances.Count);
        Assert.Equal(isTheOther, keys.Got.Count == 0);
    }

    [Fact]
    public void Who_looks_new_when_all_of_its_key_have_left_the_root_gets_its_keys_at_once()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b");
        world.Pass(180);
        proxy.Disconnect();
        proxy.Start();
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys);
        world.Pass(1);
        Assert.Equal(("B", 2), (world.Bundle, proxy.Instances.Count));
        Assert.NotEmpty(keys.Got);
    }

    [Fact]
    public void A_new_term_heeds_a_drop_that_not_everybody_has_accepted()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(10);
        proxy.Bundle.Answers = false;
        world.Advance(Gate.G3);
        string leaf = proxy.Leaf.Accepted!, bundle = proxy.Bundle.Accepted!;
        world.Restart(proxy);
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys);
        proxy.Answers = false;
        proxy.Return(leaf, bundle);
        world.Pass(120);
        Assert.Empty(keys.Got);
        proxy.Bundle.Ack();
        world.Pass(1);
        Assert.NotEmpty(keys.Got);
    }

    [Fact]
    public void Who_takes_no_bundle_from_here_gets_the_keys_of_after_a_drop_too()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p");
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys);
        world.Fleet(1);
        string before = Keys(keys)[0];
        world.Rotate("b");
        world.Pass(60);
        Assert.Equal("B", world.Bundle);
        Assert.NotEqual(before, Assert.Single(Keys(keys)));
    }

    [Fact]
    public void Who_is_back_in_part_under_a_new_name_gets_no_ticket_keys()
    {
        EngineWorld world = new();
        Sidecar proxy = AwayAtTheDrop(world);
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys);
        proxy.Open(SecretKind.Bundle, "b2-of-before", name: "Bundle1");
        world.Pass(2);
        Assert.Empty(keys.Got);
    }

    [Fact]
    public void Who_was_taken_for_new_and_then_says_that_it_is_not_is_watched_before_it_gets_keys()
    {
        EngineWorld world = new();
        Sidecar proxy = AwayAtTheDrop(world);
        world.Retire(proxy.Instance.Id);
        world.Restart();
        world.Pass(120);

        // By a source that it never had before it looks new, and nobody knows of another. Its others come later, and enforce the old bundle.
        proxy.Open(SecretKind.Bundle, name: "Bundle2");
        world.Pass(2);
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys, "t-of-before");
        world.Pass(25);
        Assert.Empty(keys.Got);
        world.Pass(60);
        Assert.NotEmpty(keys.Got);
    }

    [Fact]
    public void Who_has_long_left_the_dropped_root_gets_keys_for_a_new_listener_at_once()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b");
        world.Pass(180);
        Assert.Equal("B", world.Bundle);
        proxy.Open(SecretKind.Bundle, name: "Bundle1");
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys, "t-of-before");
        world.Pass(1);
        Assert.NotEmpty(keys.Got);
    }

    // What is known of a drop outlives the authority it was about: who has been away for longer than all that may still enforce the root.
    [Fact]
    public void Where_the_authority_of_a_dropped_root_is_deleted_who_may_enforce_it_still_gets_no_keys()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(1);
        Sidecar proxy = world.Sidecar("p").Start();
        string bundle = proxy.Bundle.Accepted!;
        proxy.Disconnect();
        world.Rotate("b", kind: RotationKind.Emergency);
        world.Pass(TimeSpan.FromHours(16));
        Assert.Equal(("B", null), (world.Bundle, world.State.Plan));
        Assert.Equal(CommandStatus.Done, world.Do(static id => new RemoveAuthority { Id = id, Actor = "op", AuthorityId = "a" }).Status);
        ScriptedStream keys = proxy.Open(SecretKind.TicketKeys);
        proxy.Answers = false;
        proxy.Open(SecretKind.Bundle, bundle);
        world.Pass(90);
        Assert.Empty(keys.Got);
    }

    /// <summary>It has two sources, and was there until just before the drop.</summary>
    private static Sidecar AwayAtTheDrop(EngineWorld world)
    {
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        world.Rotate("b", EngineWorld.Quick with { DropGate = GatePolicy.Approval });
        world.Pass(60);
        proxy.Disconnect();
        world.Advance(Gate.G3);
        world.Pass(1);
        Assert.Equal("B", world.Bundle);
        return proxy;
    }

    private static string[] Keys(ScriptedStream stream) => [.. ((TicketKeysPayload)stream.Last.Payload!).Keys.Select(key => Convert.ToHexString(key.Span))];
}
