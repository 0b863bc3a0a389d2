using Google.Protobuf;
using SdsServer.Core.Fleet;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Matcher.V3;
using SdsServer.Protos.Envoy.Status.V3;
using SdsServer.Testing;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

public sealed class ClientStatusServiceTests
{
    private static readonly GrpcMethod<ClientStatusRequest, ClientStatusResponse> s_fetch = new(ClientStatusService.Descriptor, "FetchClientStatus");
    private static readonly GrpcMethod<ClientStatusRequest, ClientStatusResponse> s_stream = new(ClientStatusService.Descriptor, "StreamClientStatus");

    [Fact]
    public async Task Each_secret_shows_how_far_it_has_come_and_never_its_content()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/synced", TestSecrets.Bundle(1));
        await using XdsStream stream = XdsStream.Open(server, Transport.Delta);
        await stream.SubscribeAsync("roots/synced", "leaves/refused", "roots/stale", "roots/waiting");
        await stream.ReadAndAckAsync();
        server.Fleet.Set("leaves/refused", TestSecrets.Leaf(1));
        await stream.ReadAsync();
        await stream.NackAsync($"bad -----BEGIN PRIVATE KEY-----\n{TestSecrets.KeyText}");
        await server.Fleet.SeenAsync<DeliveryNacked>();
        server.Fleet.Set("roots/stale", TestSecrets.Bundle(2));
        await stream.ReadAsync();
        using GrpcChannel channel = server.Connect(unix: false);

        ClientConfig client = await Condition.AwaitAsync("the status", XdsTestServer.Patience, async _ =>
        {
            ClientConfig config = Assert.Single((await channel.UnaryAsync(s_fetch, new())).Config);
            return config.GenericXdsConfigs.Count(secret => secret.ConfigStatus == ConfigStatus.Stale) == 1 ? config : null;
        });

        Assert.Equal(("node-1", "web"), (client.Node.Id, client.Node.Cluster));
        Dictionary<string, ClientConfig.Types.GenericXdsConfig> secrets = client.GenericXdsConfigs.ToDictionary(secret => secret.Name);
        Assert.Equal((ConfigStatus.Synced, TestSecrets.Bundle(1).Version), (secrets["roots/synced"].ConfigStatus, secrets["roots/synced"].VersionInfo));
        Assert.Equal(ConfigStatus.NotSent, secrets["roots/waiting"].ConfigStatus);
        Assert.Equal((ConfigStatus.Stale, ""), (secrets["roots/stale"].ConfigStatus, secrets["roots/stale"].VersionInfo));
        Assert.Equal(
            (ConfigStatus.Error, TestSecrets.Leaf(1).Version), (secrets["leaves/refused"].ConfigStatus, secrets["leaves/refused"].ErrorState.VersionInfo));
        Assert.StartsWith("bad", secrets["leaves/refused"].ErrorState.Details, StringComparison.Ordinal);
        Assert.All(client.GenericXdsConfigs, secret => Assert.Null(secret.XdsConfig));
        Assert.DoesNotContain("KEYTEXT", client.ToByteString().ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_answers_each_request_for_the_nodes_that_match()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        await using XdsStream stream = XdsStream.Open(server, Transport.Sotw);
        await stream.SubscribeAsync("roots/a");
        await server.Fleet.SeenAsync<SubscriptionOpened>();
        using GrpcChannel channel = server.Connect();
        await using ClientCall<ClientStatusRequest, ClientStatusResponse> call = channel.Duplex(s_stream);

        await call.WriteAsync(new() { NodeMatchers = { new NodeMatcher { NodeId = new() { Exact = "another" } } } });
        Assert.Empty((await call.ReadAsync())!.Config);
        await call.WriteAsync(new() { NodeMatchers = { new NodeMatcher { NodeId = new() { Prefix = "node" } } } });
        Assert.Single((await call.ReadAsync())!.Config);
    }

    [Theory]
    [InlineData("node-[0-9]", true)]
    [InlineData("node", false)]
    [InlineData("NODE-1", false)]
    public void A_regular_expression_matches_the_whole_id(string pattern, bool matches) =>
        Assert.Equal(matches, NodeMatch.Matches(new() { NodeId = new() { SafeRegex = new() { Regex = pattern } } }, TestSecrets.Client.Node));

    [Fact]
    public void The_other_patterns_match_as_their_names_say()
    {
        Assert.True(Matches(new() { Exact = "NODE-1", IgnoreCase = true }));
        Assert.False(Matches(new() { Exact = "NODE-1" }));
        Assert.True(Matches(new() { Suffix = "-1" }));
        Assert.True(Matches(new() { Contains = "ode" }));
        Assert.True(NodeMatch.Matches(new(), TestSecrets.Client.Node));
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => Matches(new() { SafeRegex = new() { Regex = "(" } })).StatusCode);
        Assert.Throws<RpcException>(() => Matches(new()));
        Assert.Throws<RpcException>(() => NodeMatch.Matches(new() { NodeMetadatas = { new StructMatcher() } }, TestSecrets.Client.Node));
    }

    private static bool Matches(StringMatcher matcher) => NodeMatch.Matches(new() { NodeId = matcher }, TestSecrets.Client.Node);
}
