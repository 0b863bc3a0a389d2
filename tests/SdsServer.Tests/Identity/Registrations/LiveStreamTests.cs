using System.Collections.Immutable;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Tests.Xds;
using static SdsServer.Tests.Identity.Registrations.RegistrationServer;

namespace SdsServer.Tests.Identity.Registrations;

/// <summary>What becomes of open streams when registrations change. Over the real wire.</summary>
public sealed class LiveStreamTests
{
    private const string Withdrawn = "the credentials of this stream have expired or were withdrawn; open a new one";

    /// <summary>What changes a workload, so that its stream ends and it comes back to what is true now.</summary>
    private static readonly Dictionary<string, Func<Registration, Registration>> s_changes = new()
    {
        ["secret names"] = registration => registration with { SecretNames = ["default"] },
        ["dns names"] = registration => registration with { DnsNames = ["web.example"] },
        ["lifetime"] = registration => registration with { Leaf = new LeafTerms(TimeSpan.FromHours(1)) },
        ["labels"] = registration => registration with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("tier", "web") },
        ["peers"] = registration => registration with { Peers = ["spiffe://example.org/db"] },
        ["bundle only"] = registration => registration with { BundleOnly = true },
        ["selectors"] = registration => registration with { Selectors = ["token:db"], SpiffeId = "spiffe://example.org/db" },
    };

    public static TheoryData<string> Changes => [.. s_changes.Keys];

    [Theory]
    [Transports]
    public async Task A_deleted_registration_ends_the_stream_at_once_and_its_renewals(Transport transport)
    {
        await using RegistrationServer server = await StartAsync(required: true, Of("web"), Of("db"));
        server.Fleet.Set("leaves/a", TestSecrets.Leaf(1));
        await using XdsStream web = server.Open("web", transport);
        await using XdsStream db = server.Open("db", transport);
        await web.SubscribeAsync("leaves/a");
        await web.ReadAndAckAsync();
        await db.SubscribeAsync("leaves/a");
        await db.ReadAndAckAsync();
        long subscription = server.Fleet.Events.OfType<SubscriptionOpened>().Single(opened => opened.Key.SpiffeId == "spiffe://example.org/web").Subscription;

        await server.DeleteAsync("the-web");

        Status status = await web.StatusAsync();
        Assert.Equal((StatusCode.Unauthenticated, Withdrawn), (status.Code, status.Detail));
        await server.Fleet.SeenAsync<SubscriptionClosed>(closed => closed.Subscription == subscription);
        server.Fleet.Set("leaves/a", TestSecrets.Leaf(2));
        Assert.Equal("leaves/a", Assert.Single((await db.ReadAndAckAsync()).Secrets).Key);
        await using XdsStream again = server.Open("web", transport);
        await again.SubscribeAsync("leaves/a");
        Assert.Equal("the bearer token is unknown, expired or deleted", (await again.StatusAsync()).Detail);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_changed_workload_ends_its_stream_and_no_other(string change)
    {
        await using RegistrationServer server = await StartAsync(false, Of("web"));
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream web = server.Open("web", Transport.Delta);
        await web.SubscribeAsync("roots/a");
        await web.ReadAndAckAsync();
        await using XdsStream db = server.Open("db", Transport.Delta);
        await db.SubscribeAsync("roots/a");
        await db.ReadAndAckAsync();

        // The bearer of the other token is touched by one of the changes alone.
        if (change == "selectors")
        {
            await server.DeleteAsync("the-web");
            await server.AddAsync(s_changes[change](Of("web")) with { SecretNames = ["default"] });
            Assert.Equal(StatusCode.Unauthenticated, (await db.StatusAsync()).Code);
            server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
            await web.ReadAndAckAsync();
            return;
        }

        await server.UpdateAsync("the-web", s_changes[change]);

        Assert.Equal(StatusCode.Unauthenticated, (await web.StatusAsync()).Code);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
        await db.ReadAndAckAsync();
    }

    [Fact]
    public async Task What_means_the_same_as_before_ends_nothing()
    {
        await using RegistrationServer server = await StartAsync(false, Of("web"));
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream web = server.Open("web", Transport.Sotw);
        await web.SubscribeAsync("roots/a");
        await web.ReadAndAckAsync();

        await server.UpdateAsync("the-web", registration => registration with { DisplayName = "another" });
        await server.AddAsync(Of("db"));
        await server.AddAsync(Of("web") with { Id = "z-later", SecretNames = ["default"] });

        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
        await web.ReadAndAckAsync();
    }

    [Theory]
    [Transports]
    public async Task A_name_that_is_taken_away_is_answered_as_one_that_nobody_knows(Transport transport)
    {
        await using RegistrationServer server = await StartAsync(false, Of("web"));
        server.Fleet.Set("leaves/a", TestSecrets.Leaf(1));
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = server.Open("web", transport);
        await stream.SubscribeAsync("leaves/a");
        await stream.ReadAndAckAsync();

        await server.UpdateAsync("the-web", registration => registration with { SecretNames = ["roots/a"] });

        await stream.StatusAsync();
        await server.Fleet.EmptyAsync();
        await using XdsStream again = server.Open("web", transport);
        await again.SubscribeAsync("leaves/a", "roots/a");
        Received answer = await again.ReadAndAckAsync();
        if (answer.Secrets.Count == 0)
        {
            Assert.Equal("leaves/a", Assert.Single(answer.Removed));
            answer = await again.ReadAndAckAsync();
        }

        Assert.Equal("roots/a", Assert.Single(answer.Secrets).Key);
        Assert.DoesNotContain(server.Fleet.Events.OfType<SubscriptionOpened>().Skip(1), opened => opened.Name == "leaves/a");
    }

    [Theory]
    [Transports]
    public async Task Peers_come_with_the_bundle_under_a_version_of_their_own_and_the_same_roots(Transport transport)
    {
        await using RegistrationServer server = await StartAsync(false, Of("web"));
        BundlePayload bundle = TestSecrets.Bundle(7);
        server.Fleet.Set("roots/a", bundle);
        Received plain = await ReadAsync();
        Assert.Empty(plain.Secrets["roots/a"].ValidationContext.MatchTypedSubjectAltNames);

        await server.UpdateAsync("the-web", registration => registration with { Peers = ["spiffe://example.org/ns/shop/*", "spiffe://example.org/db"] });
        Received first = await ReadAsync();
        await server.UpdateAsync("the-web", registration => registration with { Peers = ["spiffe://example.org/db"] });
        Received second = await ReadAsync();

        SubjectAltNameMatcher[] matchers = [.. first.Secrets["roots/a"].ValidationContext.MatchTypedSubjectAltNames];
        Assert.All(matchers, matcher => Assert.Equal(SubjectAltNameMatcher.Types.SanType.Uri, matcher.SanType));
        Assert.Equal(["exact spiffe://example.org/db", "prefix spiffe://example.org/ns/shop/"], matchers.Select(matcher => matcher.Matcher.Exact.Length > 0 ? $"exact {matcher.Matcher.Exact}" : $"prefix {matcher.Matcher.Prefix}"));
        Received[] all = [plain, first, second];
        Assert.Single(all.Select(received => received.Secrets["roots/a"].ValidationContext.TrustedCa).Distinct());
        Assert.Equal(3, all.Select(received => received.Versions["roots/a"]).Distinct().Count());
        Assert.All(all, received => Assert.Equal(7, SecretVersion.BundleEpoch(received.Versions["roots/a"])));

        async Task<Received> ReadAsync()
        {
            await using XdsStream stream = server.Open("web", transport);
            await stream.SubscribeAsync("roots/a");
            return await stream.ReadAndAckAsync();
        }
    }

    [Fact]
    public async Task A_label_that_is_registered_has_precedence_over_the_claim()
    {
        Registration labelled = Of("web") with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("tier", "canary").Add("zone", "a") };
        await using RegistrationServer server = await StartAsync(false, labelled);
        await using DeltaStream stream = (DeltaStream)server.Open("web", Transport.Delta);
        await stream.SendRawAsync(new()
        {
            Node = new() { Id = "node-1", Cluster = "web", Metadata = new() { Fields = { ["labels"] = Struct(("tier", "last"), ("team", "shop")) } } },
            ResourceNamesSubscribe = { "roots/a" },
        });

        ProxyTraits traits = (await server.Fleet.SeenAsync<SubscriptionOpened>()).Traits!;

        Assert.Equal(["team=shop", "tier=canary", "zone=a"], traits.Labels.Select(label => $"{label.Key}={label.Value}"));
    }

    [Fact]
    public async Task Facts_of_the_process_come_with_a_token_on_a_unix_socket_and_alone()
    {
        Registration local = new()
        {
            Id = "local", Selectors = [$"unix:uid:{UnixUser.Id}", $"unix:path:{Environment.ProcessPath}"], SpiffeId = "spiffe://example.org/local/{unix:uid}",
        };
        await using RegistrationServer server = await StartAsync(false, local, Of("web") with { Selectors = ["token:web", $"unix:uid:{UnixUser.Id}"], Peers = ["spiffe://example.org/db"] });

        Assert.Equal($"spiffe://example.org/local/{UnixUser.Id}", (await WhoAsync(null, Transport.Sotw))?.SpiffeId);
        Assert.Single((await WhoAsync("web", Transport.Sotw))!.Peers.Texts);
        Assert.Empty((await WhoAsync("web", Transport.Ads))!.Peers.Texts);
        Assert.Equal("spiffe://example.org/db", (await WhoAsync("db", Transport.Sotw))?.SpiffeId);
        await using XdsStream nobody = server.Open(null, Transport.Ads);
        await nobody.SubscribeAsync("roots/a");
        Assert.Equal(StatusCode.Unauthenticated, (await nobody.StatusAsync()).Code);

        async Task<Workload?> WhoAsync(string? token, Transport transport)
        {
            int before = server.Fleet.Events.OfType<SubscriptionOpened>().Count();
            await using XdsStream stream = server.Open(token, transport);
            await stream.SubscribeAsync("roots/unset");
            await stream.EndsInSilenceAsync();
            return server.Fleet.Events.OfType<SubscriptionOpened>().Skip(before).SingleOrDefault()?.Workload;
        }
    }

    private static Google.Protobuf.WellKnownTypes.Value Struct(params (string Name, string Value)[] fields)
    {
        Google.Protobuf.WellKnownTypes.Struct made = new();
        foreach ((string name, string value) in fields)
        {
            made.Fields[name] = Google.Protobuf.WellKnownTypes.Value.ForString(value);
        }

        return Google.Protobuf.WellKnownTypes.Value.ForStruct(made);
    }
}
