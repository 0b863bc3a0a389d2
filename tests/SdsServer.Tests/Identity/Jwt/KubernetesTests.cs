using SdsServer.Grpc;
using SdsServer.Identity.Jwt;
using SdsServer.Testing;
using SdsServer.Testing.Kubernetes;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>Service-account tokens as a real Kubernetes API server makes them, with keys from its own discovery.</summary>
public sealed class KubernetesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("sdsserver-k8s-jwt");

    public void Dispose() => _directory.Dispose();

    [KubernetesFact]
    public async Task A_service_account_is_its_workload_for_the_right_audience()
    {
        await using KubernetesApi api = await StartAsync();
        await using JwtServer server = await JwtServer.StartAsync(Options(api), TimeProvider.System);
        string token = await api.TokenAsync("cart", "sds");

        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", (await server.WhoIsAsync(token)).SpiffeId);

        foreach (string? audience in new[] { "another", null })
        {
            Assert.Equal(StatusCode.Unauthenticated, (await server.RefusesAsync(await api.TokenAsync("cart", audience))).Code);
        }

        Assert.Contains(server.Log.Lines, line => line.Id == 6001 && line.Text.Contains("(WrongAudience)", StringComparison.Ordinal));

        // A signature says what was, not what is: the API server knows that the account is gone, its keys do not.
        await api.DeleteServiceAccountAsync("cart");
        await Condition.AwaitAsync("the API server to refuse the token", XdsTestServer.Patience, async _ => !await api.ReviewAsync(token, "sds"));
        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", (await server.WhoIsAsync(token)).SpiffeId);
    }

    [KubernetesFact]
    public async Task Keys_are_not_shown_without_a_token_and_outlive_the_API_server()
    {
        await using KubernetesApi api = await StartAsync();
        JwtIssuerOptions anonymous = Options(api);
        anonymous.BearerTokenFile = "";
        string token = await api.TokenAsync("cart", "sds");
        await using (JwtServer stranger = await JwtServer.StartAsync(anonymous, TimeProvider.System))
        {
            Assert.Equal(StatusCode.Unauthenticated, (await stranger.RefusesAsync(token)).Code);
            Assert.Contains("BearerTokenFile", Assert.Single(stranger.Log.Lines, line => line.Id == 6003).Text, StringComparison.Ordinal);
        }

        JwtIssuerOptions options = Options(api);
        options.KeysRefresh = TimeSpan.FromSeconds(1);
        await using JwtServer server = await JwtServer.StartAsync(options, TimeProvider.System);
        await server.WhoIsAsync(token);
        await api.StopAsync();
        await Condition.AwaitAsync("the outage to be noticed", XdsTestServer.Patience, _ => Task.FromResult(server.Log.Lines.Any(line => line.Id == 6003)));

        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", (await server.WhoIsAsync(token)).SpiffeId);
        await using (JwtServer late = await JwtServer.StartAsync(options, TimeProvider.System))
        {
            Assert.Equal(StatusCode.Unauthenticated, (await late.RefusesAsync(token)).Code);
        }

        await api.RestartAsync();
        await Condition.AwaitAsync("the keys to come back", XdsTestServer.Patience, _ => Task.FromResult(server.Log.Lines.Count(line => line.Id == 6002) == 2));
        Assert.Single(server.Log.Lines, line => line.Id == 6003);
        await server.WhoIsAsync(await api.TokenAsync("cart", "sds"));
    }

    private async Task<KubernetesApi> StartAsync()
    {
        KubernetesApi api = await KubernetesApi.StartAsync();
        await api.AddServiceAccountAsync("cart");
        await api.AddServiceAccountAsync("sdsserver");
        _directory.WritePrivate("token", await api.TokenAsync("sdsserver", audience: null));
        return api;
    }

    private JwtIssuerOptions Options(KubernetesApi api)
    {
        JwtIssuerOptions options = TestIssuer.Options(keysFile: "");
        (options.Issuer, options.CaFile, options.BearerTokenFile) = (api.Issuer, api.CaFile, _directory.PathOf("token"));
        return options;
    }
}
