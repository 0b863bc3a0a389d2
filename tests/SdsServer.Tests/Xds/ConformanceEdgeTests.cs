using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Testing;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>The rows of the conformance table that need a server, a client or a protocol of their own.</summary>
public sealed class ConformanceEdgeTests
{
    private static readonly GrpcMethod<DiscoveryRequest, DiscoveryResponse> s_fetch = new(SecretDiscoveryService.Descriptor, "FetchSecrets");

    [Theory]
    [Transports(Transport.Ads, Transport.AdsDelta)]
    public async Task C08_another_type_on_the_stream_is_not_answered_and_disturbs_nothing(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        const string Clusters = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

        await SendAsync(stream, Clusters);
        await stream.SubscribeAsync("roots/a");
        Received first = await stream.ReadAsync();
        await SendAsync(stream, Clusters);
        await stream.AckAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));

        Assert.NotEqual(first.Nonce, (await stream.ReadAndAckAsync()).Nonce);
        await stream.EndsInSilenceAsync();
        Assert.Equal(2, server.Fleet.Events.OfType<DeliveryAcked>().Count());
    }

    [Theory]
    [Transports]
    public async Task C14_the_end_of_the_server_ends_streams_with_unavailable_and_closes_what_is_open(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();

        Task stop = server.StopAsync();

        Assert.Equal(StatusCode.Unavailable, (await stream.StatusAsync()).Code);
        await stream.DisposeAsync();
        await stop;
        await server.Fleet.EmptyAsync();
        Assert.Equal(0, server.Xds.Streams.Count);
    }

    [Theory]
    [Transports]
    public async Task A_stream_whose_process_has_gone_on_elsewhere_ends_with_unavailable_and_the_others_go_on(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        server.Fleet.Set("roots/b", TestSecrets.Bundle(1));
        using GrpcChannel channel = server.Connect();
        await using XdsStream stream = XdsStream.Open(server, transport, channel);
        await using XdsStream other = XdsStream.Open(server, transport, channel);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();
        await other.SubscribeAsync("roots/b");
        await other.ReadAndAckAsync();

        server.Fleet.End("roots/a");

        Status status = await stream.StatusAsync();
        Assert.Equal(StatusCode.Unavailable, status.Code);
        Assert.Contains("another connection", status.Detail, StringComparison.Ordinal);
        Assert.Contains(server.Log.Lines, line => line.Text.Contains("opened another connection", StringComparison.Ordinal));
        server.Fleet.Set("roots/b", TestSecrets.Bundle(2));
        await other.ReadAndAckAsync();
    }

    [Fact]
    public async Task C15_the_type_may_be_missing_on_the_secret_service_only()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        using GrpcChannel channel = server.Connect();
        await using SotwStream sds = (SotwStream)XdsStream.Open(server, Transport.Sotw, channel);
        await using SotwStream ads = (SotwStream)XdsStream.Open(server, Transport.Ads, channel);
        await using DeltaStream delta = (DeltaStream)XdsStream.Open(server, Transport.AdsDelta, channel);
        DiscoveryRequest request = new() { Node = XdsStream.Node, ResourceNames = { "roots/a" } };

        await sds.SendRawAsync(request);
        await ads.SendRawAsync(request);
        await delta.SendRawAsync(new() { Node = XdsStream.Node, ResourceNamesSubscribe = { "roots/a" } });

        Assert.Equal(["roots/a"], (await sds.ReadAsync()).Secrets.Keys);
        Assert.Equal(StatusCode.InvalidArgument, (await ads.StatusAsync()).Code);
        Assert.Equal(StatusCode.InvalidArgument, (await delta.StatusAsync()).Code);
    }

    [Theory]
    [Transports]
    public async Task C17_requests_that_pile_up_are_all_handled(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        await using XdsStream stream = XdsStream.Open(server, transport);
        string[] names = [.. Enumerable.Range(0, 50).Select(i => $"roots/{i}")];
        foreach (string name in names)
        {
            await stream.SubscribeAsync(name);
        }

        await stream.EndsInSilenceAsync();
        Assert.Equal(names, server.Fleet.Events.OfType<SubscriptionOpened>().Select(opened => opened.Name));
        await server.Fleet.EmptyAsync();
    }

    [Theory]
    [Transports]
    public async Task C17_a_client_may_leave_at_any_point(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        using GrpcChannel channel = server.Connect();
        for (int stage = 0; stage < 20; stage++)
        {
            using CancellationTokenSource leave = new();
            await using XdsStream stream = XdsStream.Open(server, transport, channel, cancellation: leave.Token);
            Func<Task>[] steps =
            [
                () => stream.SubscribeAsync("roots/a"), () => stream.ReadAsync(), () => stream.AckAsync(),
                () => stream.SubscribeAsync("roots/b"), () => stream.UnsubscribeAsync("roots/a"),
            ];
            foreach (Func<Task> step in steps.Take(stage % (steps.Length + 1)))
            {
                await step();
            }

            await leave.CancelAsync();
        }

        await server.Fleet.EmptyAsync();
        await Condition.AwaitAsync("the streams' ends", XdsTestServer.Patience, _ => Task.FromResult(server.Xds.Streams.Count == 0));
    }

    [Theory]
    [Transports]
    public async Task C18_what_cannot_be_sent_ends_its_own_stream_only(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        using GrpcChannel channel = server.Connect();
        await using XdsStream other = XdsStream.Open(server, transport, channel);
        await other.SubscribeAsync("roots/a");
        await other.ReadAndAckAsync();
        await using XdsStream broken = XdsStream.Open(server, transport, channel);
        server.Fleet.Set("roots/b", TestSecrets.Leaf(1));

        await broken.SubscribeAsync("roots/b");

        Status status = await broken.StatusAsync();
        Assert.Equal(StatusCode.Internal, status.Code);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
        Assert.NotNull(await other.ReadAndAckAsync());
    }

    [Fact]
    public async Task C19_a_unary_call_answers_the_current_bundle_in_full_and_no_leaf()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        using GrpcChannel channel = server.Connect(unix: false);
        DiscoveryRequest request = new() { Node = XdsStream.Node, ResourceNames = { "ROOTCA", "nobody", "spiffe://example.org" } };
        Assert.Equal(StatusCode.Unavailable, await RefusedAsync(channel, request));

        server.Bundle = TestSecrets.Bundle(4);
        DiscoveryResponse first = await channel.UnaryAsync(s_fetch, request);
        request.VersionInfo = first.VersionInfo;
        DiscoveryResponse again = await channel.UnaryAsync(s_fetch, request);

        Assert.Equal(first, again);
        Assert.Equal(TestSecrets.Bundle(4).Version, first.VersionInfo);
        Assert.Equal(["ROOTCA", "spiffe://example.org"], first.Resources.Select(any => any.Unpack<Secret>().Name));
        Assert.Equal(StatusCode.FailedPrecondition, await RefusedAsync(channel, new() { Node = XdsStream.Node, ResourceNames = { "ROOTCA", "default" } }));
        Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(channel, new() { ResourceNames = { "ROOTCA" } }));
        Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(channel, new() { Node = XdsStream.Node, TypeUrl = "of/another", ResourceNames = { "ROOTCA" } }));
        Assert.Equal(
            StatusCode.ResourceExhausted,
            await RefusedAsync(channel, new() { Node = XdsStream.Node, ResourceNames = { Enumerable.Range(0, 101).Select(i => $"{i}") } }));
    }

    [Theory]
    [Transports(Transport.Delta, Transport.AdsDelta)]
    public async Task C21_a_reconnect_gets_everything_and_learns_what_is_gone(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/changed", TestSecrets.Bundle(2));
        server.Fleet.Set("roots/same", TestSecrets.Bundle(1));
        await using DeltaStream stream = (DeltaStream)XdsStream.Open(server, transport);

        await stream.SendAsync(new()
        {
            ResourceNamesSubscribe = { "roots/changed", "roots/same", "gone" },
            InitialResourceVersions =
            {
                ["roots/changed"] = TestSecrets.Bundle(1).Version, ["roots/same"] = TestSecrets.Bundle(1).Version, ["gone"] = "v",
            },
        });

        Received[] answers = [await stream.ReadAndAckAsync(), await stream.ReadAndAckAsync(), await stream.ReadAndAckAsync()];
        Assert.Equal(["roots/changed", "roots/same"], answers.SelectMany(answer => answer.Secrets.Keys).Order());
        Assert.Equal(["gone"], answers.SelectMany(answer => answer.Removed));
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports(Transport.Delta, Transport.AdsDelta)]
    public async Task C22_no_secret_has_a_ttl(Transport transport)
    {
        // DeltaStream asserts it, and that there are no aliases, on every response of every test.
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("leaves/a", TestSecrets.Leaf(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("leaves/a");

        Received received = await stream.ReadAndAckAsync();

        Assert.Equal(TestSecrets.Leaf(1).Version, received.Versions["leaves/a"]);
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C23_no_update_is_lost_between_writers_and_streams_that_come_and_go(Transport transport)
    {
        const int Last = 200;
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        using GrpcChannel channel = server.Connect();
        Task writer = Task.Run(() =>
        {
            for (int epoch = 1; epoch <= Last; epoch++)
            {
                server.Fleet.Set("roots/a", TestSecrets.Bundle(epoch));
            }
        });

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using XdsStream stream = XdsStream.Open(server, transport, channel);
            await stream.SubscribeAsync("roots/a");
            while ((await stream.ReadAndAckAsync()).Version != TestSecrets.Bundle(Last).Version)
            {
            }
        }));
        await writer;
    }

    [Fact]
    public async Task C29_limits_end_a_stream_with_the_status_that_names_them()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { NamesPerStream = 3, NameLength = 20, Streams = 1 });
        await using XdsStream first = XdsStream.Open(server, Transport.Sotw);
        await first.SubscribeAsync("roots/a");
        await server.Fleet.SeenAsync<SubscriptionOpened>();

        await using XdsStream second = XdsStream.Open(server, Transport.Delta);
        await second.SubscribeAsync("roots/a");
        Assert.Equal(StatusCode.ResourceExhausted, (await second.StatusAsync()).Code);
        await first.SubscribeAsync("roots/b", "roots/c", "roots/d");
        Assert.Equal(StatusCode.ResourceExhausted, (await first.StatusAsync()).Code);
        await server.Fleet.EmptyAsync();
        await using XdsStream third = XdsStream.Open(server, Transport.AdsDelta);
        await third.SubscribeAsync("roots/" + new string('x', 30));
        Assert.Equal(StatusCode.InvalidArgument, (await third.StatusAsync()).Code);
    }

    /// <summary>The server's part. Real Envoys of several releases, over mTLS and Unix sockets, are driven by the end-to-end suite.</summary>
    [RecordedEnvoyTheory]
    [InlineData("1.36.4")]
    [InlineData("1.40.0")]
    public async Task C30_the_requests_of_a_real_envoy_are_answered_on_the_wire(string release)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("ROOTCA", TestSecrets.Bundle(1));
        server.Fleet.Set("default", TestSecrets.Leaf(1));
        using GrpcChannel channel = server.Connect();
        await using SotwStream one = (SotwStream)XdsStream.Open(server, Transport.Sotw, channel);
        await using SotwStream two = (SotwStream)XdsStream.Open(server, Transport.Sotw, channel);

        await one.SendRawAsync(DiscoveryRequest.Parser.ParseFrom(RecordedEnvoy.Requests(Path.Combine(release, "sotw", "StreamSecrets-1"))[0]));
        await two.SendRawAsync(DiscoveryRequest.Parser.ParseFrom(RecordedEnvoy.Requests(Path.Combine(release, "sotw", "StreamSecrets-2"))[0]));

        Assert.Equal(["ROOTCA", "default"], (await one.ReadAsync()).Secrets.Keys.Concat((await two.ReadAsync()).Secrets.Keys).Order(StringComparer.Ordinal));
        SubscriptionOpened[] opened = [.. server.Fleet.Events.OfType<SubscriptionOpened>()];
        Assert.All(opened, subscription => Assert.Equal(release, subscription.NodeVersion));
        Assert.Single(opened.Select(subscription => subscription.Connection).Distinct());
    }

    [Theory]
    [Transports(Transport.Delta, Transport.AdsDelta)]
    public async Task C31_a_removal_that_is_accepted_or_refused_is_the_end_of_it(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("gone");
        Assert.Equal(["gone"], (await stream.ReadAndAckAsync()).Removed);
        await stream.SubscribeAsync("gone-too");
        Assert.Equal(["gone-too"], (await stream.ReadAsync()).Removed);

        // Envoy 1.28 and 1.29 refuse a response that only removes.
        await stream.NackAsync("Missing SDS resources for gone-too in onConfigUpdate()");

        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports]
    public async Task C32_a_new_stream_with_the_old_version_and_nonce_gets_everything(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream former = XdsStream.Open(server, transport);
        await former.SubscribeAsync("roots/a");
        Received held = await former.ReadAndAckAsync();
        await using XdsStream stream = XdsStream.Open(server, transport);

        await (stream is SotwStream sotw
            ? sotw.SendAsync(new() { VersionInfo = held.Version, ResponseNonce = held.Nonce, ResourceNames = { "roots/a" } })
            : ((DeltaStream)stream).SendAsync(new()
            {
                ResponseNonce = held.Nonce, ResourceNamesSubscribe = { "roots/a" }, InitialResourceVersions = { ["roots/a"] = held.Version },
            }));

        Received answer = await stream.ReadAndAckAsync();
        Assert.Equal(["roots/a"], answer.Secrets.Keys);
        Assert.NotEqual(held.Nonce, answer.Nonce);
        Assert.Equal([null, held.Version], server.Fleet.Events.OfType<SubscriptionOpened>().Select(opened => opened.ReportedVersion));
        await stream.EndsInSilenceAsync();
    }

    [Theory]
    [Transports(Transport.Sotw, Transport.Ads)]
    public async Task C33_a_repeat_of_an_answered_request_is_answered_once_without_a_loop(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { Resend = TimeSpan.FromMinutes(10) });
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("roots/a");
        Received first = await stream.ReadAndAckAsync();

        await stream.AckAsync();

        Received again = await stream.ReadAndAckAsync();
        Assert.Equal(first.Secrets["roots/a"], again.Secrets["roots/a"]);
        Assert.NotEqual(first.Nonce, again.Nonce);
        await stream.AckAsync();
        await stream.EndsInSilenceAsync();
        Assert.Single(server.Fleet.Events.OfType<DeliveryAcked>());
    }

    /// <summary>
    /// The form it takes on the wire: nothing of another kind, and nothing empty, goes out. What a bundle or a leaf must be otherwise is
    /// checked before publication by the lint and admission rules of the core and their tests.
    /// </summary>
    [Theory]
    [Transports]
    public async Task C34_what_would_turn_verification_off_is_never_sent(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        (string Name, SecretPayload Payload)[] bad =
        [
            ("roots/kind", TestSecrets.Leaf(1)), ("leaves/kind", TestSecrets.Bundle(1)), ("roots/empty", new BundlePayload(1, Array.Empty<byte>())),
        ];
        foreach ((string name, SecretPayload payload) in bad)
        {
            server.Fleet.Set(name, payload);
            await using XdsStream stream = XdsStream.Open(server, transport);
            await stream.SubscribeAsync(name);
            Assert.Equal(StatusCode.Internal, (await stream.StatusAsync()).Code);
        }

        Assert.All(server.Log.Lines, line => Assert.DoesNotContain("KEYTEXT", line.Text, StringComparison.Ordinal));
    }

    /// <summary>The session's part: each step is delivered and accepted before the next. Handshakes under load are the end-to-end suite's.</summary>
    [Theory]
    [Transports]
    public async Task C35_the_steps_of_a_rotation_are_delivered_and_accepted_in_order(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("ROOTCA", TestSecrets.Bundle(1));
        server.Fleet.Set("default", TestSecrets.Leaf(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("default", "ROOTCA");

        List<string> arrived = [.. (await stream.ReadAndAckAsync()).Secrets.Keys, .. (await stream.ReadAndAckAsync()).Secrets.Keys];
        server.Fleet.Set("ROOTCA", TestSecrets.Bundle(2));
        arrived.AddRange((await stream.ReadAndAckAsync()).Secrets.Keys);
        server.Fleet.Set("default", TestSecrets.Leaf(2));
        arrived.AddRange((await stream.ReadAndAckAsync()).Secrets.Keys);
        server.Fleet.Set("ROOTCA", TestSecrets.Bundle(3));
        Received last = await stream.ReadAndAckAsync();

        Assert.Equal(["ROOTCA", "default", "ROOTCA", "default"], arrived);
        Assert.Equal(SecretVersion.Join([TestSecrets.Bundle(3).Version, TestSecrets.Leaf(2).Version]), last.Version);
        await stream.EndsInSilenceAsync();
        long[] accepted = [.. server.Fleet.Events.OfType<DeliveryAcked>().Select(acked => acked.Delivery)];
        Assert.Equal(5, accepted.Length);
        Assert.Equal(accepted[2..].Order(), accepted[2..]);
    }

    private static Task SendAsync(XdsStream stream, string type) => stream is SotwStream sotw
        ? sotw.SendAsync(new() { TypeUrl = type, ResourceNames = { "anything" } })
        : ((DeltaStream)stream).SendAsync(new() { TypeUrl = type, ResourceNamesSubscribe = { "anything" } });

    private static async Task<StatusCode> RefusedAsync(GrpcChannel channel, DiscoveryRequest request) =>
        (await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(s_fetch, request))).StatusCode;
}
