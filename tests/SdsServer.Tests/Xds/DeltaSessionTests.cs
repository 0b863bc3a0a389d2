using SdsServer.Core.Fleet;
using SdsServer.Grpc;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

public sealed class DeltaSessionTests
{
    private readonly DeltaDriver _driver = new();

    [Fact]
    public void A_reconnect_reports_each_names_version_and_learns_what_is_gone()
    {
        SessionStep step = _driver.Reconnect(("roots/a", "b1-0011223344556677"), ("leaves/a", TestSecrets.Leaf(1).Version), ("nobody", "v"));

        Assert.Equal(
            [("roots/a", "b1-0011223344556677"), ("leaves/a", TestSecrets.Leaf(1).Version)],
            step.Events.Cast<SubscriptionOpened>().Select(opened => (opened.Name, opened.ReportedVersion)));
        Assert.Equal(["nobody"], step.Response!.Removed.AsEnumerable());
        Assert.Empty(step.Response.Items);
    }

    [Fact]
    public void A_held_name_that_is_not_asked_for_is_removed_only_when_it_stands_for_nothing()
    {
        SessionStep step = _driver.Handle(new()
        {
            ResourceNamesSubscribe = { "roots/a" }, InitialResourceVersions = { ["roots/b"] = "v", ["nobody"] = "v" },
        });

        Assert.Single(step.Events);
        Assert.Equal(["nobody"], step.Response!.Removed.AsEnumerable());
    }

    [Fact]
    public void One_secret_a_response_bundle_first_then_in_the_order_of_arrival()
    {
        _driver.Subscribe("leaves/a", "roots/b", "roots/a");
        SecretResponse first = _driver.DeliverTogether(
            ("leaves/a", TestSecrets.Leaf(1)), ("roots/a", TestSecrets.Bundle(1)), ("roots/b", TestSecrets.Bundle(1))).Response!;

        Assert.Equal("roots/a", Assert.Single(first.Items).Subscription.Name);
        Assert.Equal("roots/b", Assert.Single(_driver.Ack().Response!.Items).Subscription.Name);
        SecretResponse last = _driver.Ack().Response!;
        Assert.Equal("leaves/a", Assert.Single(last.Items).Subscription.Name);
        Assert.Null(_driver.Ack().Response);
    }

    [Fact]
    public void Subscriptions_are_honoured_under_any_nonce_and_only_the_newest_answers()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));

        SessionStep step = _driver.Handle(new() { ResponseNonce = "of another stream", ResourceNamesSubscribe = { "roots/b" } });

        Assert.Equal("roots/b", Assert.IsType<SubscriptionOpened>(Assert.Single(step.Events)).Name);
        Assert.Equal(new DeliveryAcked(101, 1001), Assert.Single(_driver.Ack().Events));
        Assert.Empty(_driver.Ack().Events);
    }

    [Fact]
    public void A_nack_is_reported_without_secrets_and_not_answered()
    {
        _driver.Subscribe("leaves/a");
        _driver.Deliver("leaves/a", TestSecrets.Leaf(1));

        SessionStep step = _driver.Nack($"bad -----BEGIN PRIVATE KEY-----\n{TestSecrets.KeyText}\n-----END PRIVATE KEY-----");

        DeliveryNacked nacked = Assert.IsType<DeliveryNacked>(Assert.Single(step.Events));
        Assert.DoesNotContain("KEYTEXT", nacked.Error, StringComparison.Ordinal);
        Assert.Null(step.Response);
    }

    [Fact]
    public void A_tracked_name_asked_for_again_is_a_new_subscription()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack();

        SessionStep again = _driver.Subscribe("roots/a", "roots/a");

        Assert.Equal(new SubscriptionClosed(101), again.Events[0]);
        Assert.Equal((102, null), (((SubscriptionOpened)again.Events[1]).Subscription, ((SubscriptionOpened)again.Events[1]).ReportedVersion));
        Assert.Equal(2, again.Events.Length);
        Assert.NotNull(_driver.Deliver("roots/a", TestSecrets.Bundle(1)).Response);
    }

    [Fact]
    public void An_unsubscribed_name_is_not_delivered_and_its_answer_is_nobodys()
    {
        _driver.Subscribe("roots/a", "roots/b");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Deliver("roots/b", TestSecrets.Bundle(1));

        Assert.Equal(new SubscriptionClosed(102), Assert.Single(_driver.Unsubscribe("roots/b", "never asked for").Events));
        Assert.Equal(new SubscriptionClosed(101), Assert.Single(_driver.Unsubscribe("roots/a").Events));
        SessionStep ack = _driver.Ack();
        Assert.Empty(ack.Events);
        Assert.Null(ack.Response);
    }

    [Fact]
    public void Names_that_stand_for_nothing_are_removed_together_once_and_not_remembered()
    {
        SessionStep step = _driver.Subscribe("nobody", "roots/a", "spiffe://example.org/other", "*");

        Assert.Equal(["nobody", "spiffe://example.org/other"], step.Response!.Removed.Order());
        Assert.Equal("none", step.Response.Version);
        Assert.Null(_driver.Nack("an Envoy before 1.30").Response);
        for (int i = 0; i < 20; i++)
        {
            Assert.Single(_driver.Subscribe($"sni/{i}").Response!.Removed);
            _driver.Ack();
        }
    }

    [Fact]
    public void Removals_wait_for_an_answer_and_a_name_let_go_meanwhile_is_left_out()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        Assert.Null(_driver.Subscribe("x", "y").Response);
        _driver.Unsubscribe("x");

        Assert.Equal(["y"], _driver.Ack().Response!.Removed.AsEnumerable());
    }

    [Fact]
    public void Content_that_is_taken_away_is_removed_and_can_come_back()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack();

        SecretResponse removal = _driver.Deliver("roots/a", null).Response!;

        Assert.Null(Assert.Single(removal.Items).Payload);
        Assert.Equal(new DeliveryAcked(101, 1002), Assert.Single(_driver.Ack().Events));
        Assert.NotNull(_driver.Deliver("roots/a", TestSecrets.Bundle(2)).Response);
    }

    [Fact]
    public void A_resend_goes_one_by_one_and_proves_nothing()
    {
        _driver.Subscribe("roots/a", "leaves/a", "leaves/b");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack();
        _driver.Deliver("leaves/a", TestSecrets.Leaf(1));
        _driver.Ack();
        _driver.Deliver("leaves/b", TestSecrets.Leaf(2));
        _driver.Nack("no");

        Assert.Equal("roots/a", Assert.Single(_driver.Took(_driver.Session.Resend(_driver.Now)).Response!.Items).Subscription.Name);
        SessionStep second = _driver.Ack();
        Assert.Empty(second.Events);
        Assert.Equal("leaves/a", Assert.Single(second.Response!.Items).Subscription.Name);
        Assert.Null(_driver.Ack().Response);
    }

    [Fact]
    public void A_delivery_that_replaces_does_not_wait()
    {
        _driver.Subscribe("roots/a", "roots/b");
        SecretResponse first = _driver.Deliver("roots/a", TestSecrets.Bundle(1)).Response!;
        _driver.Deliver("roots/b", TestSecrets.Bundle(1));

        SecretResponse second = _driver.Deliver("roots/a", TestSecrets.Bundle(2), replaces: true).Response!;

        Assert.Equal(1003, Assert.Single(second.Items).Delivery);
        Assert.Empty(_driver.Handle(new() { ResponseNonce = first.Nonce }).Events);
        Assert.Equal("roots/b", Assert.Single(_driver.Ack().Response!.Items).Subscription.Name);
    }

    [Fact]
    public void Too_many_names_and_names_too_long_end_the_stream_and_change_nothing()
    {
        _driver.Subscribe("roots/a");

        Assert.Equal(StatusCode.ResourceExhausted, Status(() => _driver.Subscribe("roots/1", "roots/2", "roots/3", "roots/4", "roots/5")));
        Assert.Equal(StatusCode.ResourceExhausted, Status(() => _driver.Subscribe("1", "2", "3", "4", "5", "6")));
        Assert.Equal(StatusCode.InvalidArgument, Status(() => _driver.Subscribe("roots/" + new string('x', 35))));
        Assert.Equal([new SubscriptionClosed(101)], _driver.Session.Close().AsEnumerable());
    }

    [Fact]
    public void A_consumer_of_the_bundle_alone_is_told_that_there_is_no_leaf()
    {
        DeltaDriver driver = new() { Workload = TestSecrets.Workload with { BundleOnly = true } };

        Assert.Equal(["default"], driver.Subscribe("default", "ROOTCA").Response!.Removed.AsEnumerable());
    }

    private static StatusCode Status(Action action) => Assert.Throws<RpcException>(action).StatusCode;
}
