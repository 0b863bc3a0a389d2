using SdsServer.Core.Fleet;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Testing;

namespace SdsServer.Tests.Xds;

/// <summary>
/// The rules every xDS server must keep, re-cast for secrets, over the real wire and over all four protocols. The numbers C01 to C35 are those
/// of the project's conformance table; its other rows are in the classes beside this one.
/// </summary>
public sealed class ConformanceTests : IAsyncLifetime
{
    private XdsTestServer _server = null!;

    public async Task InitializeAsync() => _server = await XdsTestServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [Transports]
    public async Task C01_exactly_the_names_asked_for_then_silence(Transport transport)
    {
        Publish(1, "roots/a", "roots/b", "roots/c");
        await using XdsStream stream = XdsStream.Open(_server, transport);

        await stream.SubscribeAsync("roots/a", "roots/c");

        Dictionary<string, Secret> secrets = await stream.ReadSecretsAsync(2);
        Assert.Equal(["roots/a", "roots/c"], secrets.Keys.Order());
        Assert.All(secrets.Values, AssertBundle(1));
        Assert.Equal(TestSecrets.Bundle(1).Version, stream.Last!.Version);
        Assert.Equal("sds-test/1", stream.Last.ControlPlane);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C02_an_update_arrives_with_its_version(Transport transport)
    {
        Publish(1, "roots/a");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();

        Publish(2, "roots/a");

        Received update = await stream.ReadAndAckAsync();
        AssertBundle(2)(Assert.Single(update.Secrets).Value);
        Assert.Equal(TestSecrets.Bundle(2).Version, update.Versions["roots/a"]);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C03_a_missing_secret_holds_nothing_up_and_arrives_when_created(Transport transport)
    {
        Publish(1, "roots/a");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a", "roots/missing");
        Received first = await stream.ReadAndAckAsync();
        Assert.Equal(["roots/a"], first.Secrets.Keys);
        Assert.Empty(first.Removed);

        Publish(2, "roots/missing");

        Assert.Equal(["roots/missing"], (await stream.ReadAndAckAsync()).Secrets.Keys);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C04_after_the_list_shrinks_the_rest_is_updated(Transport transport)
    {
        await using XdsStream stream = await SubscribedAsync(transport, "roots/a", "roots/b", "roots/c");

        await stream.UnsubscribeAsync("roots/a");
        await _server.Fleet.SeenAsync<SubscriptionClosed>();
        Publish(2, "roots/a", "roots/b", "roots/c");

        Assert.Equal(["roots/b", "roots/c"], (await stream.ReadSecretsAsync(2)).Keys.Order());
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C05_after_the_list_shrinks_to_one_only_that_one_comes(Transport transport)
    {
        await using XdsStream stream = await SubscribedAsync(transport, "roots/a", "roots/b", "roots/c");

        await stream.UnsubscribeAsync("roots/a", "roots/c");
        await ClosedAsync(2);
        Publish(2, "roots/a", "roots/b", "roots/c");

        Assert.Equal(["roots/b"], (await stream.ReadAndAckAsync()).Secrets.Keys);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C06_after_letting_go_of_everything_nothing_comes(Transport transport)
    {
        await using XdsStream stream = await SubscribedAsync(transport, "roots/a", "roots/b");

        await stream.UnsubscribeAsync("roots/a", "roots/b");
        await ClosedAsync(2);
        Publish(2, "roots/a", "roots/b");

        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C07_no_wildcard(Transport transport)
    {
        Publish(1, "roots/a", "default", "ROOTCA");
        await using XdsStream empty = XdsStream.Open(_server, transport);
        await empty.SubscribeAsync();
        await empty.EndsInSilenceAsync();
        await using XdsStream star = XdsStream.Open(_server, transport);
        await star.SubscribeAsync("*");
        await star.EndsInSilenceAsync();

        Assert.Empty(_server.Fleet.Events.OfType<SubscriptionOpened>());
    }

    [Theory]
    [Transports]
    public async Task C09_a_name_added_later_comes_alone(Transport transport)
    {
        Publish(1, "roots/a", "roots/b");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();

        await stream.SubscribeAsync("roots/b");

        Assert.Equal(["roots/b"], (await stream.ReadAndAckAsync()).Secrets.Keys);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C10_the_update_of_one_of_many_comes_alone(Transport transport)
    {
        await using XdsStream stream = await SubscribedAsync(transport, "roots/a", "roots/b", "roots/c");
        string nonce = stream.Last!.Nonce;

        Publish(2, "roots/b");

        Received update = await stream.ReadAndAckAsync();
        Assert.Equal(["roots/b"], update.Secrets.Keys);
        Assert.NotEqual(nonce, update.Nonce);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C11_a_removed_secret_comes_back_when_created_again(Transport transport)
    {
        await using XdsStream stream = await SubscribedAsync(transport, "roots/a");

        _server.Fleet.Remove("roots/a");
        if (transport is Transport.Delta or Transport.AdsDelta)
        {
            Received removal = await stream.ReadAndAckAsync();
            Assert.Equal(["roots/a"], removal.Removed);
            Assert.Empty(removal.Secrets);
        }

        // State of the world has no word for it: the next response is the new one.
        Publish(2, "roots/a");
        AssertBundle(2)((await stream.ReadAndAckAsync()).Secrets["roots/a"]);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C12_names_let_go_one_by_one_are_not_delivered(Transport transport)
    {
        string[] names = ["roots/a", "roots/b", "roots/c"];
        await using XdsStream stream = await SubscribedAsync(transport, names);
        for (int gone = 1; gone <= names.Length; gone++)
        {
            await stream.UnsubscribeAsync(names[gone - 1]);
            await ClosedAsync(gone);
            Publish(gone + 1, names);
            Assert.Equal(names[gone..], (await stream.ReadSecretsAsync(names.Length - gone)).Keys.Order());
        }

        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C13_a_stale_nonce_answers_nothing(Transport transport)
    {
        Publish(1, "roots/a");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAsync();

        Publish(2, "roots/a");
        await stream.AckAsync("of-another-stream-1");
        Assert.Empty(_server.Fleet.Events.OfType<DeliveryAcked>());
        await stream.AckAsync();

        AssertBundle(2)((await stream.ReadAndAckAsync()).Secrets["roots/a"]);
        await stream.EndsInSilenceAsync();
        Assert.Equal(2, _server.Fleet.Events.OfType<DeliveryAcked>().Count());
    }

    [Theory]
    [Transports]
    public async Task C16_the_node_of_the_first_message_counts_for_the_whole_stream(Transport transport)
    {
        await using XdsStream stream = await SubscribedAsync(transport, "roots/a");

        await stream.SubscribeAsync("roots/b");
        await _server.Fleet.SeenAsync<SubscriptionOpened>(opened => opened.Name == "roots/b");

        Assert.All(_server.Fleet.Events.OfType<SubscriptionOpened>(), opened =>
            Assert.Equal(("node-1", TestSecrets.Workload.SpiffeId, "ip:192.0.2.1"), (opened.Key.NodeId, opened.Key.SpiffeId, opened.Key.Peer)));
    }

    [Theory]
    [Transports]
    public async Task C20_from_nothing_to_names_to_nothing_to_names(Transport transport)
    {
        Publish(1, "roots/a");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync();
        await stream.SubscribeAsync("roots/a");
        AssertBundle(1)((await stream.ReadAndAckAsync()).Secrets["roots/a"]);
        await stream.UnsubscribeAsync("roots/a");
        await ClosedAsync(1);
        Publish(2, "roots/a");

        await stream.SubscribeAsync("roots/a");

        AssertBundle(2)((await stream.ReadAndAckAsync()).Secrets["roots/a"]);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C24_what_waits_for_a_name_is_dropped_when_the_name_goes(Transport transport)
    {
        Publish(1, "roots/a", "roots/b");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAsync();
        Publish(2, "roots/a");

        await stream.UnsubscribeAsync("roots/a");
        await ClosedAsync(1);
        await stream.AckAsync();

        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C25_a_new_name_is_answered_if_it_exists_and_met_with_silence_if_it_is_still_to_come(Transport transport)
    {
        Publish(1, "roots/a", "roots/b");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();

        await stream.SubscribeAsync("roots/to-come");
        await stream.SubscribeAsync("roots/b");

        Assert.Equal(["roots/b"], (await stream.ReadAndAckAsync()).Secrets.Keys);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C26_a_refusal_is_met_with_silence_until_the_content_changes(Transport transport)
    {
        Publish(1, "roots/a");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAsync();
        await stream.NackAsync("Failed to load trusted CA certificates from <inline>");
        DeliveryNacked nacked = await _server.Fleet.SeenAsync<DeliveryNacked>();
        Assert.Equal("Failed to load trusted CA certificates from <inline>", nacked.Error);

        Publish(2, "roots/a");

        AssertBundle(2)((await stream.ReadAndAckAsync()).Secrets["roots/a"]);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C27_a_request_that_comes_before_the_data_is_answered_when_the_data_comes(Transport transport)
    {
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        await _server.Fleet.SeenAsync<SubscriptionOpened>();

        Publish(1, "roots/a");

        Assert.Equal(["roots/a"], (await stream.ReadAndAckAsync()).Secrets.Keys);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C28_a_change_of_names_after_the_ack_is_answered_at_once(Transport transport)
    {
        Publish(1, "roots/a", "roots/b");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("roots/a");
        string nonce = (await stream.ReadAndAckAsync()).Nonce;

        await stream.UnsubscribeAsync("roots/a");
        await stream.SubscribeAsync("roots/b");

        Received answer = await stream.ReadAndAckAsync();
        Assert.Equal(["roots/b"], answer.Secrets.Keys);
        Assert.NotEqual(nonce, answer.Nonce);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C29_a_name_that_is_unknown_or_somebody_elses_never_blocks_the_others(Transport transport)
    {
        Publish(1, "roots/a");
        await using XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync("nobody", "spiffe://example.org/other", "roots/a");

        List<string> removed = [];
        Received received;
        do
        {
            received = await stream.ReadAndAckAsync();
            removed.AddRange(received.Removed);
        }
        while (received.Secrets.Count == 0);

        bool isDelta = transport is Transport.Delta or Transport.AdsDelta;
        Assert.Equal(isDelta ? ["nobody", "spiffe://example.org/other"] : [], removed.Order());
        Assert.Equal(["roots/a"], received.Secrets.Keys);
        await stream.EndsInSilenceAsync();
    }

    private async Task<XdsStream> SubscribedAsync(Transport transport, params string[] names)
    {
        Publish(1, names);
        XdsStream stream = XdsStream.Open(_server, transport);
        await stream.SubscribeAsync(names);
        await stream.ReadSecretsAsync(names.Length);
        return stream;
    }

    private void Publish(int epoch, params string[] names)
    {
        foreach (string name in names)
        {
            _server.Fleet.Set(name, name.StartsWith("leaves", StringComparison.Ordinal) ? TestSecrets.Leaf(epoch) : TestSecrets.Bundle(epoch));
        }
    }

    private Task ClosedAsync(int count) => Condition.AwaitAsync(
        $"{count} closed subscriptions", XdsTestServer.Patience,
        _ => Task.FromResult(_server.Fleet.Events.OfType<SubscriptionClosed>().Count() >= count));

    private static Action<Secret> AssertBundle(int epoch) =>
        secret => Assert.True(TestSecrets.Bundle(epoch).Pem.Span.SequenceEqual(secret.ValidationContext.TrustedCa.InlineBytes.Span));
}
