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

    private static Subscription Stream(long id)
    {
        InstanceKey key = new("spiffe://mesh/p", "p", "user:p");
        Workload workload = new(key.SpiffeId, [], BundleOnly: false);
        return new Subscription(new SubscriptionOpened(id, 1, key, workload, SecretKind.Leaf, "default", null, "1.40.0"), new Instance("i", key, workload));
    }
}
