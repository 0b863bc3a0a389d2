using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>The second of the two looks at a name: the first is when it is subscribed to, this one when a response goes out.</summary>
public sealed class PushGuardTests
{
    private static readonly PeerRules s_peers = new(["spiffe://example.org/db"]);

    [Fact]
    public void What_the_workload_may_have_passes()
    {
        PushGuard.Check(Response("roots/a", TestSecrets.Bundle(1)), TestSecrets.Names, TestSecrets.Workload);
        PushGuard.Check(Response("leaves/a", TestSecrets.Leaf(1)), TestSecrets.Names, TestSecrets.Workload with { SecretNames = ["leaves/a"] });
        PushGuard.Check(Response("roots/a", TestSecrets.Bundle(1).For(s_peers)), TestSecrets.Names, TestSecrets.Workload with { Peers = s_peers });
        PushGuard.Check(Response("leaves/a", null), TestSecrets.Names, TestSecrets.Workload with { SecretNames = ["roots/a"] });
    }

    [Fact]
    public void A_name_that_it_may_not_have_does_not()
    {
        Refuses(Response("leaves/a", TestSecrets.Leaf(1)), TestSecrets.Workload with { SecretNames = ["roots/a"] });
        Refuses(Response("leaves/a", TestSecrets.Leaf(1)), TestSecrets.Workload with { BundleOnly = true });
        Refuses(Response("spiffe://example.org/db", TestSecrets.Leaf(1)), TestSecrets.Workload);
        Refuses(Response("unknown", TestSecrets.Leaf(1)), TestSecrets.Workload);
        Refuses(Response("roots/a", TestSecrets.Leaf(1)), TestSecrets.Workload);
    }

    [Fact]
    public void A_bundle_without_its_peers_or_with_others_does_not()
    {
        Refuses(Response("roots/a", TestSecrets.Bundle(1)), TestSecrets.Workload with { Peers = s_peers });
        Refuses(Response("roots/a", TestSecrets.Bundle(1).For(s_peers)), TestSecrets.Workload);
        Refuses(Response("roots/a", TestSecrets.Bundle(1).For(new PeerRules(["spiffe://example.org/x"]))), TestSecrets.Workload with { Peers = s_peers });
    }

    /// <summary>With sessions that let everything through, as a fault in them might.</summary>
    [Theory]
    [Transports(Transport.Ads, Transport.AdsDelta)]
    public async Task A_stream_sends_nothing_that_its_workload_may_not_have_whatever_its_session_says(Transport transport)
    {
        ScriptedFleet fleet = new();
        fleet.Set("leaves/a", TestSecrets.Leaf(1));
        fleet.Set("roots/a", TestSecrets.Bundle(1));
        Workload narrow = TestSecrets.Workload with { SecretNames = ["roots/a"] };
        DiscoveryServer server = new(
            fleet.Port, TestSecrets.Names, (_, _) => ValueTask.FromResult(new Caller(narrow, "ip:192.0.2.1")), new XdsLimits(), new SecretEncoder("test"), TimeProvider.System,
            NullLogger<DiscoveryServer>.Instance);
        await using WebApplication app = Blind(server);
        await app.StartAsync();
        using GrpcChannel channel = GrpcChannel.ForAddress(app.Urls.Single());

        await using XdsStream allowed = XdsStream.Open(null!, transport, channel);
        await allowed.SubscribeAsync("roots/a");
        await allowed.ReadAsync();
        await using XdsStream forbidden = XdsStream.Open(null!, transport, channel);
        await forbidden.SubscribeAsync("leaves/a");

        Assert.Equal(StatusCode.Unauthenticated, (await forbidden.StatusAsync()).Code);
        Assert.Contains(fleet.Events.OfType<SubscriptionOpened>(), opened => opened.Name == "leaves/a");
    }

    [Theory]
    [Transports]
    public async Task Evidence_that_stands_for_nothing_any_more_opens_no_subscription(Transport transport)
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(
            authenticate: (_, _) => ValueTask.FromResult(new Caller(TestSecrets.Workload, "ip:192.0.2.1") { Stands = () => false }));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("roots/a");

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Empty(server.Fleet.Events.OfType<SubscriptionOpened>());
    }

    [Theory]
    [Transports]
    public async Task It_is_asked_again_before_each_push(Transport transport)
    {
        bool stands = true;
        await using XdsTestServer server = await XdsTestServer.StartAsync(
            authenticate: (_, _) => ValueTask.FromResult(new Caller(TestSecrets.Workload, "ip:192.0.2.1") { Stands = () => Volatile.Read(ref stands) }));
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();
        await server.Fleet.SeenAsync<DeliveryAcked>();

        // Nobody wakes the stream: the push itself does.
        Volatile.Write(ref stands, false);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
    }

    [Theory]
    [Transports]
    public async Task It_is_asked_at_the_last_moment_before_a_response_is_encoded(Transport transport)
    {
        // Yes as the stream opens and as the delivery is taken up; no when the response is there.
        int asked = 0;
        await using XdsTestServer server = await XdsTestServer.StartAsync(
            authenticate: (_, _) => ValueTask.FromResult(new Caller(TestSecrets.Workload, "ip:192.0.2.1") { Stands = () => Interlocked.Increment(ref asked) < 3 }));
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = XdsStream.Open(server, transport);
        await stream.SubscribeAsync("roots/a");

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
    }

    private static WebApplication Blind(DiscoveryServer server)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseGrpcTransport().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        WebApplication app = builder.Build();
        app.UseGrpc(routes => routes.MapService(AggregatedDiscoveryService.Descriptor, service => service
            .Duplex<DiscoveryRequest, DiscoveryResponse>(
                "StreamAggregatedResources", (requests, responses, call) => server.ServeAsync(Wider(DiscoveryProtocols.Sotw), true, requests, responses.WriteAsync, call), DiscoveryProtocols.ParseSotw)
            .Duplex<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
                "DeltaAggregatedResources", (requests, responses, call) => server.ServeAsync(Wider(DiscoveryProtocols.Delta), true, requests, responses.WriteAsync, call), DiscoveryProtocols.ParseDelta)));
        return app;
    }

    private static DiscoveryProtocol<TRequest> Wider<TRequest>(DiscoveryProtocol<TRequest> protocol) =>
        protocol with { Open = (client, names, limits, nonces, ids) => protocol.Open(client with { Workload = TestSecrets.Workload }, names, limits, nonces, ids) };

    private static void Refuses(SecretResponse response, Workload workload) =>
        Assert.Equal(StatusCode.Unauthenticated, Assert.Throws<RpcException>(() => PushGuard.Check(response, TestSecrets.Names, workload)).StatusCode);

    private static SecretResponse Response(string name, SecretPayload? payload) =>
        new("n", "v", [new ResponseItem(new SdsServer.Xds.Subscription(1, name, payload?.Kind ?? SecretKind.Leaf, null, default), payload, 1, false)], []);
}
