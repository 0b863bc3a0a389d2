using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Testing;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>What the loop around the sessions owes: who may open a stream, when it ends, and what a bad client costs.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task A_client_that_does_not_read_is_dropped_and_holds_nobody_up()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { Write = TimeSpan.FromSeconds(3) });
        server.Fleet.Set("roots/big", new BundlePayload(1, new byte[16 << 20]));
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stuck = XdsStream.Open(server, Transport.Sotw);
        await using XdsStream healthy = XdsStream.Open(server, Transport.Delta);
        await stuck.SubscribeAsync("roots/big");
        SubscriptionOpened opened = await server.Fleet.SeenAsync<SubscriptionOpened>();
        await healthy.SubscribeAsync("roots/a");
        await healthy.ReadAndAckAsync();

        for (int i = 2; i < 200; i++)
        {
            server.Fleet.Set("roots/big", TestSecrets.Bundle(i), replaces: true);
        }

        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
        Assert.Equal(TestSecrets.Bundle(2).Version, (await healthy.ReadAndAckAsync()).Version);
        await server.Fleet.SeenAsync<SubscriptionClosed>(closed => closed.Subscription == opened.Subscription);
        Assert.Contains(server.Log.Lines, line => line.Id == 2004);
    }

    [Fact]
    public async Task A_thousand_streams_get_an_update_each()
    {
        const int Streams = 1000;
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        using GrpcChannel channel = server.Connect();
        XdsStream[] streams = [.. Enumerable.Range(0, Streams).Select(i => XdsStream.Open(server, i % 2 == 0 ? Transport.Sotw : Transport.Delta, channel))];
        await Task.WhenAll(streams.Select(async stream =>
        {
            await stream.SubscribeAsync("roots/a");
            await stream.ReadAndAckAsync();
        }));
        Assert.Equal(Streams, server.Xds.Streams.Count);

        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));

        await Task.WhenAll(streams.Select(async stream => Assert.Equal(TestSecrets.Bundle(2).Version, (await stream.ReadAndAckAsync()).Version)));
        await Condition.AwaitAsync(
            "all answers", XdsTestServer.Patience, _ => Task.FromResult(server.Fleet.Events.OfType<DeliveryAcked>().Count() == 2 * Streams));
        foreach (XdsStream stream in streams)
        {
            await stream.DisposeAsync();
        }

        await server.Fleet.EmptyAsync();
    }

    [Fact]
    public async Task The_end_of_a_connection_is_reported_once_after_its_streams()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        GrpcChannel channel = server.Connect();
        await using XdsStream one = XdsStream.Open(server, Transport.Sotw, channel);
        await using XdsStream two = XdsStream.Open(server, Transport.Delta, channel);
        await one.SubscribeAsync("roots/a");
        await two.SubscribeAsync("leaves/a");
        SubscriptionOpened first = await server.Fleet.SeenAsync<SubscriptionOpened>(opened => opened.Name == "roots/a");
        SubscriptionOpened second = await server.Fleet.SeenAsync<SubscriptionOpened>(opened => opened.Name == "leaves/a");
        Assert.Equal(first.Connection, second.Connection);
        await using XdsStream other = XdsStream.Open(server, Transport.Sotw);
        await other.SubscribeAsync("roots/other");
        Assert.NotEqual(
            first.Connection, (await server.Fleet.SeenAsync<SubscriptionOpened>(opened => opened.Name == "roots/other")).Connection);

        // A stream that ends does not end its connection.
        await two.EndsInSilenceAsync();
        await server.Fleet.SeenAsync<SubscriptionClosed>(closed => closed.Subscription == second.Subscription);
        Assert.Empty(server.Fleet.Events.OfType<ConnectionClosed>());
        await one.EndsInSilenceAsync();
        channel.Dispose();

        await server.Fleet.SeenAsync<ConnectionClosed>(closed => closed.Connection == first.Connection);
        FleetEvent[] events = server.Fleet.Events;
        Assert.True(Array.IndexOf(events, new SubscriptionClosed(first.Subscription)) < Array.IndexOf(events, new ConnectionClosed(first.Connection)));
        Assert.Single(events.OfType<ConnectionClosed>());
    }

    [Fact]
    public async Task Who_is_not_let_in_learns_why_and_leaves_no_trace()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(
            authenticate: (_, _) => throw new RpcException(StatusCode.PermissionDenied, "uid 7 is nobody here"));
        await using XdsStream stream = XdsStream.Open(server, Transport.Sotw);
        await stream.SubscribeAsync("roots/a");

        Status status = await stream.StatusAsync();

        Assert.Equal((StatusCode.PermissionDenied, "uid 7 is nobody here"), (status.Code, status.Detail));
        Assert.Empty(server.Fleet.Events);
        Assert.Equal(0, server.Xds.Streams.Count);
    }

    [Fact]
    public async Task Evidence_that_expires_ends_the_stream()
    {
        DateTimeOffset until = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2);
        await using XdsTestServer server = await XdsTestServer.StartAsync(
            authenticate: (_, _) => ValueTask.FromResult(new Caller(TestSecrets.Workload, "ip:192.0.2.1", until)));
        await using XdsStream stream = XdsStream.Open(server, Transport.Sotw);
        await stream.SubscribeAsync("roots/a");

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
    }

    [Fact]
    public async Task Evidence_that_is_withdrawn_ends_the_stream()
    {
        using CancellationTokenSource withdrawn = new();
        await using XdsTestServer server = await XdsTestServer.StartAsync(
            authenticate: (_, _) => ValueTask.FromResult(new Caller(TestSecrets.Workload, "ip:192.0.2.1", null, withdrawn.Token)));
        await using XdsStream stream = XdsStream.Open(server, Transport.Sotw);
        await stream.SubscribeAsync("roots/a");

        await withdrawn.CancelAsync();

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
    }

    [Fact]
    public async Task A_stream_that_never_says_who_it_is_ends()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { FirstRequest = TimeSpan.FromMilliseconds(200) });
        await using XdsStream stream = XdsStream.Open(server, Transport.Sotw);

        Assert.Equal(StatusCode.DeadlineExceeded, (await stream.StatusAsync()).Code);
    }

    [Theory]
    [InlineData("", "web")]
    [InlineData("node", "")]
    [InlineData("line\nbreak", "web")]
    public async Task A_node_without_id_or_cluster_is_refused(string id, string cluster)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        await using SotwStream stream = (SotwStream)XdsStream.Open(server, Transport.Sotw);
        await stream.SendRawAsync(new() { Node = new() { Id = id, Cluster = cluster }, ResourceNames = { "roots/a" } });

        Assert.Equal(StatusCode.InvalidArgument, (await stream.StatusAsync()).Code);
    }

    [Fact]
    public void A_node_is_bounded_and_may_not_be_missing()
    {
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => NodeIdentity.From(null, new())).StatusCode);
        Assert.Throws<RpcException>(() => NodeIdentity.From(new() { Id = new('x', 257), Cluster = "web" }, new()));
        Assert.Equal("", NodeIdentity.From(new() { Id = "x", Cluster = "web", UserAgentVersion = new('9', 100) }, new()).Version);
        Assert.Equal("custom-1", NodeIdentity.From(new() { Id = "x", Cluster = "web", UserAgentVersion = "custom-1" }, new()).Version);
    }

    [Fact]
    public async Task A_later_node_changes_nothing()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        await using SotwStream stream = (SotwStream)XdsStream.Open(server, Transport.Sotw);
        await stream.SubscribeAsync("roots/a");
        await stream.SendRawAsync(new() { Node = new() { Id = "another", Cluster = "else" }, ResourceNames = { "roots/a", "roots/b" } });

        Assert.Equal("node-1", (await server.Fleet.SeenAsync<SubscriptionOpened>(opened => opened.Name == "roots/b")).Key.NodeId);
    }

    [Theory]
    [Transports]
    public async Task An_operator_can_have_accepted_secrets_sent_again(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("roots/a");
        Received first = await stream.ReadAndAckAsync();
        await server.Fleet.SeenAsync<DeliveryAcked>();

        Assert.Single(server.Xds.Streams.Open).Resend();

        Assert.Equal(first.Secrets["roots/a"], (await stream.ReadAndAckAsync()).Secrets["roots/a"]);
        await stream.EndsInSilenceAsync();
        Assert.Single(server.Fleet.Events.OfType<DeliveryAcked>());
    }

    [Fact]
    public async Task No_key_is_seen_in_logs_events_or_status_even_when_the_proxy_prints_it()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("leaves/a", TestSecrets.Leaf(1));
        await using XdsStream stream = XdsStream.Open(server, Transport.Sotw);
        await stream.SubscribeAsync("leaves/a");
        await stream.ReadAsync();

        await stream.NackAsync($"tls_certificate {{ private_key {{ inline_bytes: \"-----BEGIN PRIVATE KEY-----\\n{TestSecrets.KeyText}\\n");

        DeliveryNacked nacked = await server.Fleet.SeenAsync<DeliveryNacked>();
        Assert.DoesNotContain("KEYTEXT", nacked.Error, StringComparison.Ordinal);
        Assert.Contains(server.Log.Lines, line => line.Id == 2003);
        Assert.All(server.Log.Lines, line => Assert.DoesNotContain("KEYTEXT", line.Text, StringComparison.Ordinal));
    }
}
