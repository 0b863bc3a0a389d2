using SdsServer.Core.Secrets;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

public sealed class DeliveryMailboxTests
{
    private readonly DeliveryMailbox _mailbox = new();

    [Fact]
    public void Only_the_newest_of_each_subscription_is_kept()
    {
        for (int i = 0; i < 1000; i++)
        {
            _mailbox.Post(new Delivery(i, i % 2, TestSecrets.Bundle(i), false));
        }

        Assert.Equal([998, 999], _mailbox.TakeAll().Select(delivery => delivery.Id));
        Assert.Empty(_mailbox.TakeAll());
    }

    [Fact]
    public void A_newer_delivery_keeps_the_right_of_the_older_to_replace()
    {
        _mailbox.Post(new Delivery(1, 1, TestSecrets.Bundle(1), true));
        _mailbox.Post(new Delivery(2, 1, TestSecrets.Bundle(2), false));

        Assert.True(Assert.Single(_mailbox.TakeAll()).ReplacesUnanswered);
    }

    [Fact]
    public void The_signal_is_set_from_a_post_to_the_next_taking()
    {
        Assert.False(_mailbox.IsCompleted);
        _mailbox.Post(new Delivery(1, 1, TestSecrets.Bundle(1), false));
        Assert.True(_mailbox.IsCompleted);
        _mailbox.TakeAll();
        Assert.False(_mailbox.IsCompleted);
        _mailbox.Wake();
        Assert.True(_mailbox.IsCompleted);
    }

    [Fact]
    public void After_the_end_of_the_stream_nothing_is_kept()
    {
        _mailbox.Post(new Delivery(1, 1, TestSecrets.Bundle(1), false));
        _mailbox.Close();
        _mailbox.Post(new Delivery(2, 2, TestSecrets.Bundle(2), false));

        Assert.Empty(_mailbox.TakeAll());
    }
}
