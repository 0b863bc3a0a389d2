using Google.Protobuf;
using SdsServer.Core.Fleet;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Tests.Xds;
using SdsServer.Xds;
using static SdsServer.Tests.Identity.Registrations.RegistrationServer;

namespace SdsServer.Tests.Identity.Registrations;

/// <summary>Whoever asks for what is not its own, in whatever words, gets nothing and learns nothing. Over the real wire.</summary>
public sealed class NameAttackTests
{
    public static TheoryData<Transport, string, string> Everyone
    {
        get
        {
            TheoryData<Transport, string, string> rows = [];
            foreach (Transport transport in Enum.GetValues<Transport>())
            {
                rows.Add(transport, "web", "db");
                rows.Add(transport, "db", "web");
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Everyone))]
    public async Task Nobody_gets_what_is_somebody_elses_by_any_spelling(Transport transport, string caller, string victim)
    {
        await using RegistrationServer server = await StartAsync();
        string own = $"spiffe://example.org/{caller}";
        await AskAsync(server, caller, transport, [.. NameTricks.Of(caller, victim), own]);

        Assert.Equal(own, Assert.Single(server.Fleet.Events.OfType<SubscriptionOpened>()).Name);
    }

    [Theory]
    [MemberData(nameof(Everyone))]
    public async Task A_registration_that_lists_somebody_elses_names_gives_none_of_them(Transport transport, string caller, string victim)
    {
        string own = $"spiffe://example.org/{caller}";
        await using RegistrationServer server = await StartAsync(false, Of(caller, $"spiffe://example.org/{victim}", "nobody", own));

        await AskAsync(server, caller, transport, $"spiffe://example.org/{victim}", "nobody", "default", own);

        Assert.Equal(own, Assert.Single(server.Fleet.Events.OfType<SubscriptionOpened>()).Name);
    }

    [Fact]
    public async Task Forbidden_and_unknown_are_the_same_bytes_in_delta()
    {
        await using RegistrationServer server = await StartAsync(false, Of("web", "roots/a"));

        // Names of one length: one stands for something, one for nothing, one is somebody else's.
        byte[] forbidden = await NameTricks.AnswerAsync(server.Xds.Connect(), server.Headers("web"), "leaves/a");
        byte[] unknown = await NameTricks.AnswerAsync(server.Xds.Connect(), server.Headers("web"), "leaven/a");

        Assert.Equal(unknown, forbidden);
        Assert.Equal(await NameTricks.AnswerAsync(server.Xds.Connect(), server.Headers("web"), "spiffe://example.org/nil"), await NameTricks.AnswerAsync(server.Xds.Connect(), server.Headers("web"), "spiffe://example.org/web"));
    }

    [Fact]
    public async Task Forbidden_and_unknown_are_the_same_silence_in_sotw()
    {
        await using RegistrationServer server = await StartAsync(false, Of("web", "roots/a"));
        foreach (Transport transport in (Transport[])[Transport.Sotw, Transport.Ads])
        {
            foreach (string name in (string[])["leaves/a", "leaven/a", "spiffe://example.org/db", "spiffe://example.org/nil"])
            {
                await using XdsStream stream = server.Open("web", transport);
                await stream.SubscribeAsync(name);
                await stream.EndsInSilenceAsync();
            }
        }

        Assert.Empty(server.Fleet.Events.OfType<SubscriptionOpened>());
    }

    [Fact]
    public async Task Forbidden_and_unknown_are_the_same_answer_to_a_unary_call()
    {
        await using RegistrationServer server = await StartAsync(false, Of("web", "roots/a"));
        server.Xds.Bundle = TestSecrets.Bundle(1);

        Assert.Equal(await FetchAsync(server, "leaven/a"), await FetchAsync(server, "leaves/a"));
        Assert.Equal(await FetchAsync(server, "roots/c"), await FetchAsync(server, "roots/b"));
        Assert.NotEqual(await FetchAsync(server, "roots/b"), await FetchAsync(server, "roots/a"));
    }

    [Fact]
    public async Task A_bundle_in_answer_to_a_unary_call_has_its_peers_too()
    {
        await using RegistrationServer server = await StartAsync(false, Of("web") with { Peers = ["spiffe://example.org/db"] });
        server.Xds.Bundle = TestSecrets.Bundle(1);

        DiscoveryResponse response = DiscoveryResponse.Parser.ParseFrom(await FetchAsync(server, "roots/a"));

        Assert.Single(Assert.Single(response.Resources).Unpack<SdsServer.Protos.Envoy.Tls.V3.Secret>().ValidationContext.MatchTypedSubjectAltNames);
        Assert.NotEqual(TestSecrets.Bundle(1).Version, response.VersionInfo);
    }

    /// <summary>Asks, and hangs up when all was looked at.</summary>
    private static async Task AskAsync(RegistrationServer server, string caller, Transport transport, params string[] names)
    {
        await using (XdsStream stream = server.Open(caller, transport))
        {
            await stream.SubscribeAsync(names);
            await server.Fleet.SeenAsync<SubscriptionOpened>();
        }

        await server.Fleet.EmptyAsync();
    }

    private static async Task<byte[]> FetchAsync(RegistrationServer server, string name)
    {
        using GrpcChannel channel = server.Xds.Connect();
        GrpcMethod<DiscoveryRequest, DiscoveryResponse> fetch = new(SecretDiscoveryService.Descriptor, "FetchSecrets");
        DiscoveryResponse response = await channel.UnaryAsync(fetch, new DiscoveryRequest { Node = XdsStream.Node, ResourceNames = { name } }, new CallOptions(server.Headers("web")));
        return response.ToByteArray();
    }
}
