using SdsServer.Grpc;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Reviews;
using SdsServer.Testing;
using SdsServer.Testing.Kubernetes;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.Jwt;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Reviews;

/// <summary>Tokens that a real Kubernetes API server judges.</summary>
public sealed class KubernetesReviewTests : IDisposable
{
    private const string Cart = "spiffe://example.org/ns/shop/sa/cart";

    private readonly TemporaryDirectory _directory = new("sdsserver-k8s-review");

    public void Dispose() => _directory.Dispose();

    [KubernetesFact]
    public async Task A_token_counts_for_this_server_alone_until_its_service_account_is_deleted()
    {
        await using KubernetesApi api = await StartAsync();
        await using JwtServer server = await JwtServer.StartAsync(Options(api, review => review.MaxAge = TimeSpan.FromSeconds(1)), TimeProvider.System);
        string token = await api.TokenAsync("cart", "sds");

        Assert.Equal(Cart, (await server.WhoIsAsync(token)).SpiffeId);

        // By its own words it is for somebody else: nobody is asked.
        foreach (string? audience in new[] { "another", null })
        {
            Assert.Equal(StatusCode.Unauthenticated, (await server.RefusesAsync(await api.TokenAsync("cart", audience))).Code);
        }

        Assert.Contains(server.Log.Lines, line => line.Id == 6001 && line.Text.Contains("(WrongAudience): it is for 'another'", StringComparison.Ordinal));

        // All of it is right but the signature.
        string[] parts = token.Split('.'), others = (await api.TokenAsync("sdsserver", "sds")).Split('.');
        Assert.Equal(StatusCode.Unauthenticated, (await server.RefusesAsync($"{parts[0]}.{parts[1]}.{others[2]}")).Code);
        Assert.Contains(server.Log.Lines, line => line.Id == 6001 && line.Text.Contains("(NotAuthenticated)", StringComparison.Ordinal));

        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = server.Open(token);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();
        await api.DeleteServiceAccountAsync("cart");

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Contains(server.Log.Lines, line => line.Id == 6006);
        Assert.Equal(StatusCode.Unauthenticated, (await server.RefusesAsync(token)).Code);
    }

    [KubernetesFact]
    public async Task A_pod_is_named_in_the_answer_until_it_is_gone_and_an_expired_token_is_not_sent()
    {
        await using KubernetesApi api = await StartAsync();
        await api.AddPodAsync("cart-1", "cart");
        JwtIssuerOptions options = Options(api);
        options.SpiffeId = "spiffe://{trustDomain}/ns/{/kubernetes.io/namespace}/pod/{/kubernetes.io/pod/name}";
        await using (JwtServer server = await JwtServer.StartAsync(options, TimeProvider.System))
        {
            string[] tokens = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => api.TokenAsync("cart", "sds", pod: "cart-1")));
            (string token, string probe, string unused) = (tokens[0], tokens[1], tokens[2]);
            Assert.Equal("spiffe://example.org/ns/shop/pod/cart-1", (await server.WhoIsAsync(token)).SpiffeId);
            await api.DeletePodAsync("cart-1");
            // It judges by its own watch of the pods, which learns of the end a moment later.
            await Condition.AwaitAsync("the API server to know", XdsTestServer.Patience, async _ => !await api.ReviewAsync(probe, "sds"));
            Assert.Equal(StatusCode.Unauthenticated, (await server.RefusesAsync(unused)).Code);
            Assert.Equal(StatusCode.Unauthenticated, (await server.RefusesAsync(await api.TokenAsync("cart", "sds"))).Code);
            Assert.Contains(server.Log.Lines, line => line.Text.Contains("(ClaimMissing)", StringComparison.Ordinal));
        }

        // The API server's shortest token lives for ten minutes.
        ManualTime late = new(TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(12));
        await using JwtServer later = await JwtServer.StartAsync(options, late);
        Assert.Equal(StatusCode.Unauthenticated, (await later.RefusesAsync(await api.TokenAsync("cart", "sds"))).Code);
        Assert.Contains(later.Log.Lines, line => line.Id == 6001 && line.Text.Contains("(Expired)", StringComparison.Ordinal));
    }

    [KubernetesFact]
    public async Task Registrations_name_workloads_by_what_the_API_server_says()
    {
        await using KubernetesApi api = await StartAsync();
        JwtIssuerOptions options = Options(api);
        options.SpiffeId = "";
        await using JwtServer server = await JwtServer.StartAsync(options, TimeProvider.System);
        await server.Registrations.SetFileAsync([new() { Id = "shop", Selectors = ["k8s:ns:shop"], SpiffeId = "spiffe://{trustDomain}/accounts/{k8s:sa}" }], default);

        Assert.Equal("spiffe://example.org/accounts/cart", (await server.WhoIsAsync(await api.TokenAsync("cart", "sds"))).SpiffeId);
    }

    [KubernetesFact]
    public async Task A_reviewer_without_the_right_and_an_API_server_that_is_down_let_nobody_new_in()
    {
        await using KubernetesApi api = await StartAsync(mayReview: false);
        await using JwtServer server = await JwtServer.StartAsync(Options(api, review => review.MaxAge = TimeSpan.FromSeconds(1)), TimeProvider.System);
        string token = await api.TokenAsync("cart", "sds"), late = await api.TokenAsync("cart", "sds");

        Status refused = await server.RefusesAsync(token);
        Assert.Equal(StatusCode.Unavailable, refused.Code);
        Assert.Contains("try again", refused.Detail, StringComparison.Ordinal);
        Assert.Contains("bind its service account to the ClusterRole system:auth-delegator", Assert.Single(server.Log.Lines, line => line.Id == 6004).Text, StringComparison.Ordinal);

        await api.AllowReviewsAsync("sdsserver");
        await Condition.AwaitAsync("the right to be in force", XdsTestServer.Patience, async _ =>
        {
            await using XdsStream attempt = server.Open(token);
            await attempt.SubscribeAsync("roots/unset");
            return server.Log.Lines.Any(line => line.Id == 6005);
        });
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = server.Open(token);
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();

        await api.StopAsync();
        await Condition.AwaitAsync("the outage to be noticed", XdsTestServer.Patience, _ => Task.FromResult(server.Log.Lines.Count(line => line.Id == 6004) == 2));

        Assert.Equal(StatusCode.Unavailable, (await server.RefusesAsync(late)).Code);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
        await stream.ReadAndAckAsync();

        await api.RestartAsync();
        await Condition.AwaitAsync("reviews to work again", XdsTestServer.Patience, _ => Task.FromResult(server.Log.Lines.Count(line => line.Id == 6005) == 2));
        Assert.Equal(Cart, (await server.WhoIsAsync(late)).SpiffeId);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(3));
        await stream.ReadAndAckAsync();
    }

    private async Task<KubernetesApi> StartAsync(bool mayReview = true)
    {
        KubernetesApi api = await KubernetesApi.StartAsync();
        await api.AddServiceAccountAsync("cart");
        await api.AddServiceAccountAsync("sdsserver");
        await (mayReview ? api.AllowReviewsAsync("sdsserver") : Task.CompletedTask);
        _directory.WritePrivate("token", await api.TokenAsync("sdsserver", audience: null));
        return api;
    }

    private JwtIssuerOptions Options(KubernetesApi api, Action<TokenReviewOptions>? change = null)
    {
        JwtIssuerOptions options = TestIssuer.Options(keysFile: "");
        (options.Issuer, options.CaFile, options.BearerTokenFile, options.Kubernetes) = (api.Issuer, api.CaFile, _directory.PathOf("token"), true);
        options.Review = new TokenReviewOptions { Url = api.Issuer };
        change?.Invoke(options.Review);
        return options;
    }
}
