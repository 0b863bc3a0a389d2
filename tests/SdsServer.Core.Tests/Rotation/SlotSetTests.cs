using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Which slots of a process are missing, and since when.</summary>
public sealed class SlotSetTests
{
    private static readonly TimeSpan W = TimeSpan.FromMinutes(4);

    [Fact]
    public void Of_all_that_a_stream_may_be_it_is_the_one_that_has_been_away_longest()
    {
        SlotSet slots = new();
        slots.Observe(connected: true, TimeSpan.Zero);
        slots.RaiseTo(2, TimeSpan.Zero);
        Subscription first = Stream(1);
        slots.Add(first, TimeSpan.FromSeconds(1));
        slots.Remove(first, TimeSpan.FromSeconds(200));

        // The same name, but perhaps the other source of that name, which the ledger remembers without one.
        slots.Add(Stream(2), TimeSpan.FromSeconds(201));
        slots.GiveUpMissing(W, TimeSpan.FromSeconds(300));
        Assert.Equal((2, false), (slots.Slots, slots.Complete));
        slots.GiveUpMissing(W, TimeSpan.FromSeconds(200) + W);
        Assert.Equal((1, true), (slots.Slots, slots.Complete));
    }

    [Fact]
    public void What_two_sets_of_one_process_both_miss_was_back_in_between()
    {
        SlotSet slots = new(), other = new();
        slots.Observe(connected: true, TimeSpan.Zero);
        Subscription lost = Stream(1), again = Stream(3);
        slots.Add(lost, TimeSpan.Zero);
        slots.Add(Stream(2, "another"), TimeSpan.Zero);
        slots.Remove(lost, TimeSpan.FromSeconds(1));
        other.Add(again, TimeSpan.FromSeconds(200));
        other.Remove(again, TimeSpan.FromSeconds(201));
        slots.MissLike(other, TimeSpan.FromSeconds(202));
        slots.GiveUpMissing(W, TimeSpan.FromSeconds(300));
        Assert.Equal((2, false), (slots.Slots, slots.Complete));
        slots.GiveUpMissing(W, TimeSpan.FromSeconds(202) + W);
        Assert.Equal((1, true), (slots.Slots, slots.Complete));
    }

    [Fact]
    public void Which_of_several_with_one_name_was_back_and_is_lost_again_does_not_show()
    {
        SlotSet slots = new(), other = new();
        slots.Observe(connected: true, TimeSpan.Zero);
        Subscription one = Stream(1), two = Stream(2), again = Stream(3);
        slots.Add(one, TimeSpan.Zero);
        slots.Add(two, TimeSpan.Zero);
        slots.Remove(one, TimeSpan.FromSeconds(1));
        slots.Remove(two, TimeSpan.FromSeconds(2));
        other.Add(again, TimeSpan.FromSeconds(200));
        other.Remove(again, TimeSpan.FromSeconds(201));
        other.Add(Stream(4), TimeSpan.FromSeconds(202));
        slots.MissLike(other, TimeSpan.FromSeconds(203));
        slots.Add(Stream(5), TimeSpan.FromSeconds(203));
        slots.GiveUpMissing(W, TimeSpan.FromSeconds(2) + W);
        Assert.Equal((2, false), (slots.Slots, slots.Complete));
        slots.GiveUpMissing(W, TimeSpan.FromSeconds(203) + W);
        Assert.Equal((1, true), (slots.Slots, slots.Complete));
    }

    [Fact]
    public void What_is_live_here_was_not_missed_and_what_has_no_name_keeps_none()
    {
        SlotSet slots = new(), other = new();
        slots.Observe(connected: true, TimeSpan.Zero);
        slots.RaiseTo(2, TimeSpan.Zero);
        slots.Add(Stream(1), TimeSpan.FromSeconds(1));
        other.Add(Stream(2), TimeSpan.FromSeconds(1));
        slots.WasBack(other, TimeSpan.FromSeconds(100));
        slots.GiveUpMissing(W, W);
        Assert.Equal((1, true), (slots.Slots, slots.Complete));

        slots.RaiseTo(2, W);
        other.Add(Stream(3, "another"), W);
        slots.WasBack(other, W + TimeSpan.FromSeconds(100));
        slots.GiveUpMissing(W, W + W);
        Assert.Equal((2, false), (slots.Slots, slots.Complete));
        slots.Add(Stream(4, "a third"), W + W);
        Assert.Equal((2, true), (slots.Slots, slots.Complete));
    }

    private static Subscription Stream(long id, string name = "default")
    {
        InstanceKey key = new("spiffe://mesh/p", "p", "user:p");
        Workload workload = new(key.SpiffeId, [], BundleOnly: false);
        return new Subscription(new SubscriptionOpened(id, 1, key, workload, SecretKind.Leaf, name, null, "1.40.0"), new Instance("i", key, workload));
    }
}
