using SdsServer.Core.Fleet;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Testing;
using SdsServer.Tests.Xds;
using SdsServer.Xds;

namespace SdsServer.Tests.Limits;

/// <summary>A known identity that wants too much hurts itself alone.</summary>
public sealed class IdentityLimitTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task An_identity_has_so_many_streams_and_another_has_its_own()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { StreamsPerIdentity = 2 }, ByNodeAsync);
        await using XdsStream first = await OpenAsync(server, "greedy");
        await using XdsStream second = await OpenAsync(server, "greedy");
        await WaitAsync(server, 2);
        await using XdsStream third = await OpenAsync(server, "greedy");
        Assert.Equal(StatusCode.ResourceExhausted, (await third.StatusAsync()).Code);
        await using XdsStream other = await OpenAsync(server, "honest");
        await WaitAsync(server, 3);

        await first.EndsInSilenceAsync();
        await WaitAsync(server, 2);
        await using XdsStream again = await OpenAsync(server, "greedy");
        await WaitAsync(server, 3);
    }

    [Fact]
    public async Task An_identity_has_so_many_connections()
    {
        ManualTime time = new(s_start) { IsMonotonic = true };
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { ConnectionsPerIdentity = 1 }, ByNodeAsync, time);
        using Grpc.Client.GrpcChannel channel = server.Connect();
        await using XdsStream first = await OpenAsync(server, "greedy", channel);
        await WaitAsync(server, 1);
        await using XdsStream onTheSame = await OpenAsync(server, "greedy", channel);
        await WaitAsync(server, 2);
        await using XdsStream other = await OpenAsync(server, "honest");
        await WaitAsync(server, 3);
        using Grpc.Client.GrpcChannel refused = server.Connect();
        await using XdsStream onAnother = await OpenAsync(server, "greedy", refused);
        Status status = await onAnother.StatusAsync();
        Assert.Equal(StatusCode.ResourceExhausted, status.Code);
        Assert.Contains("1 connections", status.Detail, StringComparison.Ordinal);

        // It is still one of those that have not said who they are, and goes with them, whatever it tries.
        await WaitAsync(() => server.Gate.Unidentified == 1);
        time.Advance(TimeSpan.FromSeconds(20));
        await using XdsStream onceMore = await OpenAsync(server, "greedy", refused);
        Assert.Equal(StatusCode.ResourceExhausted, (await onceMore.StatusAsync()).Code);
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Single(server.Log.Lines, line => line.Id == 7002);
        Assert.Equal(0, server.Gate.Unidentified);
        await server.Fleet.SeenAsync<ConnectionClosed>();
        Assert.Equal(3, server.Xds.Streams.Count);
    }

    // A process that moves from connection to connection could leave any number of them behind.
    [Fact]
    public async Task A_connection_keeps_its_place_without_a_stream_until_it_ends_for_want_of_one()
    {
        ManualTime time = new(s_start) { IsMonotonic = true };
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { ConnectionsPerIdentity = 1 }, ByNodeAsync, time);
        using Grpc.Client.GrpcChannel left = server.Connect();
        await using XdsStream first = await OpenAsync(server, "greedy", left);
        await WaitAsync(server, 1);
        await first.EndsInSilenceAsync();
        await WaitAsync(server, 0);
        await using XdsStream refused = await OpenAsync(server, "greedy");
        Assert.Equal(StatusCode.ResourceExhausted, (await refused.StatusAsync()).Code);

        // An Envoy is back on its own connection within 30 seconds, and the time begins anew.
        time.Advance(TimeSpan.FromSeconds(59));
        await using XdsStream back = await OpenAsync(server, "greedy", left);
        await WaitAsync(() => server.Fleet.OpenSubscriptions == 1);
        time.Advance(TimeSpan.FromHours(1));
        await using XdsStream onTheSame = await OpenAsync(server, "greedy", left);
        await WaitAsync(server, 2);
        await back.EndsInSilenceAsync();
        await onTheSame.EndsInSilenceAsync();
        await WaitAsync(server, 0);
        time.Advance(TimeSpan.FromSeconds(61));
        await server.Fleet.SeenAsync<ConnectionClosed>(closed => closed.Connection == 1);
        await using XdsStream next = await OpenAsync(server, "greedy");
        await WaitAsync(server, 1);
    }

    // GOAWAY lets streams end by themselves, also those on which nobody has said a word.
    [Fact]
    public async Task A_connection_without_a_caller_is_cut_off_if_it_does_not_end()
    {
        ManualTime time = new(s_start) { IsMonotonic = true };
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { FirstRequest = TimeSpan.FromDays(1) }, ByNodeAsync, time);
        using Grpc.Client.GrpcChannel channel = server.Connect();
        await using XdsStream first = await OpenAsync(server, "greedy", channel);
        await WaitAsync(server, 1);
        await using XdsStream silent = XdsStream.Open(server, Transport.Sotw, channel, new Grpc.Metadata { { "who", "greedy" } });
        await WaitAsync(() => server.Gate.Receiving.Taken > 0);
        await first.EndsInSilenceAsync();
        await WaitAsync(server, 0);
        time.Advance(TimeSpan.FromSeconds(61));
        time.Advance(TimeSpan.FromSeconds(61));
        await server.Fleet.SeenAsync<ConnectionClosed>();
        await WaitAsync(() => server.Gate.Receiving.Taken == 0);
    }

    // Each is remembered as a process for as long as the connection lives.
    [Fact]
    public async Task A_connection_has_so_many_node_ids_and_another_has_its_own()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { NodesPerConnection = 2 }, ByNodeAsync);
        using Grpc.Client.GrpcChannel channel = server.Connect();
        await using SotwStream first = await AsAsync("one", channel);
        await using SotwStream second = await AsAsync("two", channel);
        await WaitAsync(server, 2);
        await first.EndsInSilenceAsync();
        await WaitAsync(server, 1);

        await using SotwStream third = await AsAsync("three", channel);
        Status status = await third.StatusAsync();
        Assert.Equal(StatusCode.ResourceExhausted, status.Code);
        Assert.Contains("2 different node ids", status.Detail, StringComparison.Ordinal);
        await using SotwStream again = await AsAsync("one", channel);
        await WaitAsync(server, 2);
        using Grpc.Client.GrpcChannel own = server.Connect();
        await using SotwStream onAnother = await AsAsync("three", own);
        await WaitAsync(server, 3);

        async Task<SotwStream> AsAsync(string node, Grpc.Client.GrpcChannel on)
        {
            SotwStream stream = new(on, null, "StreamSecrets", aggregated: false, new Grpc.Metadata { { "who", "greedy" } }, default);
            await stream.SendRawAsync(new() { Node = new() { Id = node, Cluster = "web" }, ResourceNames = { "roots/a" } });
            return stream;
        }
    }

    [Theory]
    [InlineData((int)Transport.Sotw)]
    [InlineData((int)Transport.AdsDelta)]
    public async Task Requests_that_come_too_fast_end_their_stream(int transport)
    {
        ManualTime time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { IsMonotonic = true };
        await using XdsTestServer server = await XdsTestServer.StartAsync(new XdsLimits { RequestsPerSecond = 1, RequestBurst = 3 }, time: time);
        await using XdsStream stream = XdsStream.Open(server, (Transport)transport);
        await stream.SubscribeAsync("roots/a");
        await stream.SubscribeAsync("roots/b");
        await stream.SubscribeAsync("roots/c");
        await server.Fleet.SeenAsync<SubscriptionOpened>();
        await stream.SubscribeAsync("roots/d");
        Assert.Equal(StatusCode.ResourceExhausted, (await stream.StatusAsync()).Code);
        Assert.Single(server.Log.Lines, line => line.Id == 2011);
    }

    private static ValueTask<Caller> ByNodeAsync(Grpc.Server.ServerCallContext call, Node node) =>
        ValueTask.FromResult(new Caller(TestSecrets.Workload with { SpiffeId = "spiffe://example.org/" + call.RequestHeaders.GetValue("who") }, "ip:192.0.2.1"));

    private static async Task<XdsStream> OpenAsync(XdsTestServer server, string who, Grpc.Client.GrpcChannel? channel = null)
    {
        XdsStream stream = XdsStream.Open(server, Transport.Sotw, channel, new Grpc.Metadata { { "who", who } });
        await stream.SubscribeAsync("roots/a");
        return stream;
    }

    private static Task WaitAsync(XdsTestServer server, int streams) => WaitAsync(() => server.Xds.Streams.Count == streams);

    private static async Task WaitAsync(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(XdsTestServer.Patience);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
