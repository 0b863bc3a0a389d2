using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

public sealed class SotwSessionTests
{
    private readonly SotwDriver _driver = new();

    [Fact]
    public void The_first_request_is_fresh_whatever_nonce_it_holds()
    {
        SessionStep step = _driver.Request("nonce-of-a-former-stream", "b3-0011223344556677", "roots/a");

        SubscriptionOpened opened = Assert.IsType<SubscriptionOpened>(Assert.Single(step.Events));
        Assert.Equal(("roots/a", SecretKind.Bundle, "b3-0011223344556677"), (opened.Name, opened.Kind, opened.ReportedVersion));
        Assert.Equal((7, "1.40.0", TestSecrets.Client.Key), (opened.Connection, opened.NodeVersion, opened.Key));
        Assert.NotNull(_driver.Deliver("roots/a", TestSecrets.Bundle(3)).Response);
    }

    [Fact]
    public void A_refusal_in_the_first_request_answers_nothing()
    {
        SessionStep step = _driver.Handle(new()
        {
            ResponseNonce = "old", ResourceNames = { "roots/a" }, ErrorDetail = new() { Code = 13, Message = "of a former stream" },
        });

        Assert.IsType<SubscriptionOpened>(Assert.Single(step.Events));
    }

    [Fact]
    public void Names_asked_for_before_the_first_response_are_added_and_report_no_version()
    {
        _driver.Request("", "b3-0011223344556677", "roots/a");

        SessionStep step = _driver.Request("", "b3-0011223344556677", "roots/a", "leaves/a");

        SubscriptionOpened opened = Assert.IsType<SubscriptionOpened>(Assert.Single(step.Events));
        Assert.Equal(("leaves/a", null), (opened.Name, opened.ReportedVersion));
    }

    [Fact]
    public void An_ack_is_reported_and_never_answered()
    {
        _driver.Subscribe("roots/a");
        SecretResponse response = _driver.Deliver("roots/a", TestSecrets.Bundle(1)).Response!;

        SessionStep step = _driver.Ack("roots/a");

        Assert.Equal(new DeliveryAcked(101, 1001), Assert.Single(step.Events));
        Assert.Null(step.Response);
        Assert.Equal(TestSecrets.Bundle(1).Version, response.Version);
    }

    [Fact]
    public void A_request_that_repeats_an_older_version_changes_the_list_and_answers_nothing()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        SecretResponse response = _driver.Last!;

        Assert.Equal("roots/b", Assert.IsType<SubscriptionOpened>(Assert.Single(_driver.Request(response.Nonce, "", "roots/a", "roots/b").Events)).Name);
        Assert.IsType<DeliveryAcked>(Assert.Single(_driver.Request(response.Nonce, response.Version, "roots/a", "roots/b").Events));
    }

    // Not the version (envoyproxy/envoy#14841).
    [Fact]
    public void Only_error_detail_makes_a_nack()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        Assert.Empty(_driver.Request(_driver.Last!.Nonce, "something else", "roots/a").Events);
        _driver.Ack("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(2));
        SessionStep refused = _driver.Handle(new()
        {
            ResponseNonce = _driver.Last!.Nonce, VersionInfo = _driver.Last.Version, ResourceNames = { "roots/a" }, ErrorDetail = new(),
        });
        Assert.IsType<DeliveryNacked>(Assert.Single(refused.Events));
    }

    [Fact]
    public void A_nack_is_not_answered_and_its_text_holds_no_key()
    {
        _driver.Subscribe("leaves/a");
        _driver.Deliver("leaves/a", TestSecrets.Leaf(1));

        SessionStep step = _driver.Nack($"Failed: private_key {{ inline_bytes: \"-----BEGIN PRIVATE KEY-----\\n{TestSecrets.KeyText}", "leaves/a");

        DeliveryNacked nacked = Assert.IsType<DeliveryNacked>(Assert.Single(step.Events));
        Assert.Null(step.Response);
        Assert.StartsWith("Failed", nacked.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("KEYTEXT", nacked.Error, StringComparison.Ordinal);
        SubscriptionStatus status = Assert.Single(_driver.Session.Statuses);
        Assert.Equal((SubscriptionState.Error, nacked.Error), (status.State, status.Error));
    }

    [Fact]
    public void A_stale_nonce_changes_nothing()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));

        SessionStep stale = _driver.Request("s-0", "", "roots/b");

        Assert.Empty(stale.Events);
        Assert.Equal(SessionNoteKind.StaleNonce, Assert.Single(stale.Notes).Kind);
        Assert.Equal(new DeliveryAcked(101, 1001), Assert.Single(_driver.Ack("roots/a").Events));
    }

    [Fact]
    public void One_response_is_unanswered_at_a_time_and_the_newest_delivery_waits()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        Assert.Null(_driver.Deliver("roots/a", TestSecrets.Bundle(2)).Response);
        Assert.Null(_driver.Deliver("roots/a", TestSecrets.Bundle(3)).Response);

        SessionStep step = _driver.Ack("roots/a");

        Assert.Equal(new DeliveryAcked(101, 1001), Assert.Single(step.Events));
        Assert.Equal(1003, Assert.Single(step.Response!.Items).Delivery);
        Assert.Null(_driver.Ack("roots/a").Response);
    }

    [Fact]
    public void A_delivery_that_replaces_does_not_wait_and_the_older_answer_is_stale()
    {
        _driver.Subscribe("roots/a");
        SecretResponse first = _driver.Deliver("roots/a", TestSecrets.Bundle(1)).Response!;
        Assert.NotNull(_driver.Deliver("roots/a", TestSecrets.Bundle(2), replaces: true).Response);

        Assert.Empty(_driver.Request(first.Nonce, first.Version, "roots/a").Events);
        Assert.Equal(new DeliveryAcked(101, 1002), Assert.Single(_driver.Ack("roots/a").Events));
    }

    [Fact]
    public void A_delivery_that_replaces_takes_no_other_along()
    {
        _driver.Subscribe("roots/a", "roots/b");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Deliver("roots/b", TestSecrets.Bundle(2));

        SecretResponse replacing = _driver.Deliver("roots/a", TestSecrets.Bundle(3), replaces: true).Response!;

        Assert.Equal("roots/a", Assert.Single(replacing.Items).Subscription.Name);
        Assert.Equal("roots/b", Assert.Single(_driver.Ack("roots/a", "roots/b").Response!.Items).Subscription.Name);
    }

    [Fact]
    public void Bundles_go_before_leaves_and_never_with_them()
    {
        _driver.Subscribe("leaves/a", "roots/a", "roots/b");

        SecretResponse bundles = _driver.DeliverTogether(
            ("leaves/a", TestSecrets.Leaf(1)), ("roots/a", TestSecrets.Bundle(1)), ("roots/b", TestSecrets.Bundle(1))).Response!;

        Assert.Equal(["roots/a", "roots/b"], bundles.Items.Select(item => item.Subscription.Name));
        SecretResponse leaf = _driver.Ack("leaves/a", "roots/a", "roots/b").Response!;
        Assert.Equal("leaves/a", Assert.Single(leaf.Items).Subscription.Name);
        Assert.Equal(SecretVersion.Join([TestSecrets.Bundle(1).Version, TestSecrets.Leaf(1).Version]), leaf.Version);
    }

    [Fact]
    public void The_version_covers_everything_the_client_holds_so_that_a_reconnect_names_its_leaf()
    {
        string held = "b1-0011223344556677+" + TestSecrets.Leaf(9).Version;
        SessionStep opened = _driver.Request("", held, "roots/a", "leaves/a");
        Assert.All(opened.Events, happened => Assert.Equal(held, Assert.IsType<SubscriptionOpened>(happened).ReportedVersion));

        SecretResponse bundle = _driver.Deliver("roots/a", TestSecrets.Bundle(2)).Response!;

        Assert.Equal(TestSecrets.Leaf(9).Serial, SecretVersion.LeafSerial(bundle.Version));
        _driver.Ack("roots/a", "leaves/a");
        SecretResponse leaf = _driver.Deliver("leaves/a", TestSecrets.Leaf(10)).Response!;
        Assert.Equal(SecretVersion.Join([TestSecrets.Bundle(2).Version, TestSecrets.Leaf(10).Version]), leaf.Version);
        _driver.Nack("no", "roots/a", "leaves/a");
        SecretResponse next = _driver.Deliver("roots/a", TestSecrets.Bundle(3)).Response!;
        Assert.Equal(SecretVersion.Join([TestSecrets.Bundle(3).Version, TestSecrets.Leaf(9).Version]), next.Version);
    }

    [Fact]
    public void Every_request_is_compared_with_the_whole_list_also_an_ack_and_a_nack()
    {
        _driver.Subscribe("roots/a", "roots/b");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));

        SessionStep ack = _driver.Ack("roots/b", "roots/c");
        Assert.Equal(
            [new DeliveryAcked(101, 1001), new SubscriptionClosed(101)], ack.Events.Take(2));
        Assert.Equal("roots/c", Assert.IsType<SubscriptionOpened>(ack.Events[2]).Name);

        _driver.Deliver("roots/b", TestSecrets.Bundle(1));
        SessionStep nack = _driver.Nack("no", "roots/a", "roots/c");
        Assert.Equal(3, nack.Events.Length);
        Assert.IsType<DeliveryNacked>(nack.Events[0]);
        Assert.Equal(new SubscriptionClosed(102), nack.Events[1]);
        Assert.Equal("roots/a", Assert.IsType<SubscriptionOpened>(nack.Events[2]).Name);
    }

    [Fact]
    public void A_name_asked_for_again_is_a_new_subscription_and_deliveries_for_the_old_one_are_dropped()
    {
        _driver.Subscribe("roots/a", "roots/b");
        long former = _driver.Open["roots/a"];
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack("roots/b");

        SessionStep again = _driver.Request(_driver.Last!.Nonce, "", "roots/a", "roots/b");

        Assert.NotEqual(former, Assert.IsType<SubscriptionOpened>(Assert.Single(again.Events)).Subscription);
        Assert.Null(_driver.Deliver(former, TestSecrets.Bundle(2)).Response);
        Assert.NotNull(_driver.Deliver("roots/a", TestSecrets.Bundle(1)).Response);
    }

    [Theory]
    [InlineData]
    [InlineData("*")]
    public void The_empty_list_and_the_wildcard_stand_for_nothing(params string[] names)
    {
        SessionStep step = _driver.Subscribe(names);

        Assert.Empty(step.Events);
        Assert.Null(step.Response);
        Assert.Single(_driver.Subscribe("roots/a", "*").Events);
    }

    [Fact]
    public void After_letting_go_of_all_names_nothing_is_sent()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Deliver("roots/a", TestSecrets.Bundle(2));

        SessionStep step = _driver.Ack();

        Assert.Equal([new DeliveryAcked(101, 1001), new SubscriptionClosed(101)], step.Events.AsEnumerable());
        Assert.Null(step.Response);
        Assert.Null(_driver.Deliver(101, TestSecrets.Bundle(3)).Response);
    }

    [Fact]
    public void A_name_that_stands_for_nothing_is_met_with_silence()
    {
        SessionStep step = _driver.Subscribe("nobody", "spiffe://example.org/other", "roots/a");

        Assert.Equal("roots/a", Assert.IsType<SubscriptionOpened>(Assert.Single(step.Events)).Name);
        Assert.Equal(2, step.Notes.Count(note => note.Kind == SessionNoteKind.UnknownName));
        Assert.Single(_driver.Deliver("roots/a", TestSecrets.Bundle(1)).Response!.Items);
    }

    [Fact]
    public void A_repeated_request_is_answered_once_in_five_seconds_with_what_was_accepted()
    {
        _driver.Subscribe("roots/a", "leaves/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack("roots/a", "leaves/a");
        _driver.Deliver("leaves/a", TestSecrets.Leaf(1));
        _driver.Ack("roots/a", "leaves/a");

        SecretResponse again = _driver.Ack("roots/a", "leaves/a").Response!;
        Assert.Equal(["roots/a", "leaves/a"], again.Items.Select(item => item.Subscription.Name));
        SessionStep accepted = _driver.Ack("roots/a", "leaves/a");
        Assert.Empty(accepted.Events);
        Assert.Null(accepted.Response);

        Assert.Null(_driver.Ack("roots/a", "leaves/a").Response);
        Assert.Equal(_driver.Now + TimeSpan.FromSeconds(5), _driver.Session.WakeAt);
        Assert.Null(_driver.Took(_driver.Session.Wake(_driver.Now)).Response);
        _driver.Now += TimeSpan.FromSeconds(5);
        Assert.Equal(2, _driver.Took(_driver.Session.Wake(_driver.Now)).Response!.Items.Length);
        Assert.Null(_driver.Session.WakeAt);
    }

    [Fact]
    public void Refused_or_unanswered_bytes_are_never_sent_again()
    {
        _driver.Subscribe("roots/a", "leaves/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack("roots/a", "leaves/a");
        _driver.Deliver("leaves/a", TestSecrets.Leaf(1));
        _driver.Nack("no", "roots/a", "leaves/a");

        SecretResponse again = _driver.Request(_driver.Last!.Nonce, "", "roots/a", "leaves/a").Response!;
        Assert.Equal("roots/a", Assert.Single(again.Items).Subscription.Name);

        // A new consumer in the proxy refuses what the old one took: told to the owner, and not sent again either.
        SessionStep refused = _driver.Nack("no", "roots/a", "leaves/a");
        Assert.Equal(1001, Assert.IsType<DeliveryNacked>(Assert.Single(refused.Events)).Delivery);
        _driver.Now += TimeSpan.FromMinutes(1);
        Assert.Null(_driver.Request(_driver.Last!.Nonce, "", "roots/a", "leaves/a").Response);
    }

    [Fact]
    public void A_late_refusal_of_an_answered_response_is_neither_a_refusal_nor_a_repeat()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack("roots/a");

        SessionStep late = _driver.Nack("no", "roots/a");

        Assert.Empty(late.Events);
        Assert.Null(late.Response);
    }

    [Fact]
    public void Content_that_is_taken_away_is_not_sent_and_counts_as_answered()
    {
        _driver.Subscribe("roots/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));
        _driver.Ack("roots/a");

        SessionStep gone = _driver.Deliver("roots/a", null);

        Assert.Equal(new DeliveryAcked(101, 1002), Assert.Single(gone.Events));
        Assert.Null(gone.Response);
        Assert.Null(_driver.Ack("roots/a").Response);
    }

    [Fact]
    public void Too_many_names_and_names_too_long_end_the_stream_and_change_nothing()
    {
        _driver.Subscribe("roots/a");

        Assert.Equal(StatusCode.ResourceExhausted, Assert.Throws<RpcException>(
            () => _driver.Subscribe([.. Enumerable.Range(0, 6).Select(i => $"roots/{i}")])).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => _driver.Subscribe("roots/" + new string('x', 35))).StatusCode);
        Assert.Equal([new SubscriptionClosed(101)], _driver.Session.Close().AsEnumerable());
    }

    [Fact]
    public void The_end_of_the_stream_closes_every_subscription_once()
    {
        _driver.Subscribe("roots/a", "leaves/a");
        _driver.Deliver("roots/a", TestSecrets.Bundle(1));

        Assert.Equal([new SubscriptionClosed(101), new SubscriptionClosed(102)], _driver.Session.Close().AsEnumerable());
        Assert.Null(_driver.Session.Deliver([new Delivery(1, 101, TestSecrets.Bundle(2), true)], _driver.Now).Response);
    }

    [Theory]
    [InlineData("b1-05accc809587cca9", true, "roots/a", "roots/b", "leaf")]
    [InlineData("b1-05accc809587cca9", false, "roots/a", "leaf")]
    [InlineData("", false, "roots/a", "roots/b")]
    public void A_reported_version_is_joint_where_it_covers_several_bundles(string version, bool joint, params string[] names) =>
        Assert.All(_driver.Request("", version, names).Events.Cast<SubscriptionOpened>(), opened => Assert.Equal(joint, opened.IsVersionJoint));

    [Fact]
    public void A_version_that_an_aggregated_stream_reports_may_be_of_a_name_that_was_let_go() =>
        Assert.All(
            new SotwDriver { IsAggregated = true }.Request("", "b1-05accc809587cca9", "roots/a", "leaf").Events.Cast<SubscriptionOpened>(),
            static opened => Assert.True(opened.IsVersionJoint));
}
