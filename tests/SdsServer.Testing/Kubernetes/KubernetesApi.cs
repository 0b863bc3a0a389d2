using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using SdsServer.Testing.Processes;

namespace SdsServer.Testing.Kubernetes;

/// <summary>A real kube-apiserver with its etcd on this machine. No controllers: nothing happens to objects by itself.</summary>
public sealed class KubernetesApi : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private readonly TemporaryDirectory _directory = new("sdsserver-k8s");
    private readonly ReservedPort[] _ports = [ReservedPort.Take(), ReservedPort.Take(), ReservedPort.Take()];
    private ChildProcess? _servers;
    private HttpClient? _client;

    private KubernetesApi()
    {
    }

    /// <summary>What its tokens say as <c>iss</c>, and where it is asked.</summary>
    public string Issuer => $"https://127.0.0.1:{Port(0)}";

    public string CaFile => _directory.PathOf("pki/ca.crt");

    public static async Task<KubernetesApi> StartAsync()
    {
        KubernetesApi api = new();
        await api.RestartAsync();
        await api.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"shop"}}""");
        return api;
    }

    /// <summary>Starts it on what there is.</summary>
    public async Task RestartAsync()
    {
        ChildOptions options = new()
        {
            Environment = new Dictionary<string, string?> { ["API_PORT"] = Port(0), ["ETCD_PORT"] = Port(1), ["ETCD_PEER_PORT"] = Port(2) },
        };
        ChildProcess servers = await ChildProcess.StartAsync(KubernetesFactAttribute.StartScript!, [_directory.Path], options);
        _servers = servers;
        await Condition.AwaitAsync(
            "the Kubernetes API", Patience, _ => servers.IsRunning ? Task.FromResult(File.Exists(_directory.PathOf("ready"))) : throw new InvalidOperationException(servers.Log), () => servers.Log);
        _client?.Dispose();
        X509ChainPolicy trust = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(CaFile);
        _client = new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust } }) { BaseAddress = new Uri(Issuer) };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(_directory.PathOf("admin.token"))).Trim());
    }

    /// <summary>Ends it; what it holds stays.</summary>
    public async Task StopAsync()
    {
        if (_servers is { } servers)
        {
            // Its own signal, so that it takes etcd and the API server along.
            servers.Terminate();
            await servers.Exited;
            await servers.DisposeAsync();
        }

        _servers = null;
    }

    public Task AddServiceAccountAsync(string name) =>
        PostAsync("/api/v1/namespaces/shop/serviceaccounts", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }.ToJsonString());

    /// <summary>Lets a service account have tokens judged.</summary>
    public Task AllowReviewsAsync(string serviceAccount) => PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = $"reviews-{serviceAccount}" },
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = "system:auth-delegator" },
        ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "ServiceAccount", ["name"] = serviceAccount, ["namespace"] = "shop" }),
    }.ToJsonString());

    /// <summary>A pod that nobody runs.</summary>
    public Task AddPodAsync(string name, string serviceAccount) => PostAsync("/api/v1/namespaces/shop/pods", new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["serviceAccountName"] = serviceAccount, ["automountServiceAccountToken"] = false,
            ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "none" }),
        },
    }.ToJsonString());

    public Task DeleteServiceAccountAsync(string name) => DeleteAsync($"/api/v1/namespaces/shop/serviceaccounts/{name}");

    public Task DeletePodAsync(string name) => DeleteAsync($"/api/v1/namespaces/shop/pods/{name}?gracePeriodSeconds=0");

    /// <summary>A token as the kubelet projects it; by TokenRequest.</summary>
    /// <param name="audience">Null: the API server's own.</param>
    /// <param name="pod">The pod it is for; null: none.</param>
    public async Task<string> TokenAsync(string serviceAccount, string? audience, string? pod = null)
    {
        JsonObject spec = new() { ["expirationSeconds"] = 600 };
        if (pod is not null)
        {
            spec["boundObjectRef"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["name"] = pod };
        }

        if (audience is not null)
        {
            spec["audiences"] = new JsonArray(audience);
        }

        JsonObject request = new() { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = spec };
        JsonNode answer = await PostAsync($"/api/v1/namespaces/shop/serviceaccounts/{serviceAccount}/token", request.ToJsonString());
        return answer["status"]!["token"]!.GetValue<string>();
    }

    /// <summary>What the API server itself says of a token.</summary>
    public async Task<bool> ReviewAsync(string token, string audience)
    {
        JsonObject request = new()
        {
            ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenReview", ["spec"] = new JsonObject { ["token"] = token, ["audiences"] = new JsonArray(audience) },
        };
        return (await PostAsync("/apis/authentication.k8s.io/v1/tokenreviews", request.ToJsonString()))["status"]!["authenticated"]?.GetValue<bool>() ?? false;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _client?.Dispose();
        foreach (ReservedPort port in _ports)
        {
            port.Dispose();
        }

        _directory.Dispose();
    }

    private string Port(int index) => _ports[index].Number.ToString(CultureInfo.InvariantCulture);

    private async Task DeleteAsync(string path)
    {
        using HttpResponseMessage response = await _client!.DeleteAsync(new Uri(path, UriKind.Relative));
        response.EnsureSuccessStatusCode();
    }

    private async Task<JsonNode> PostAsync(string path, string body)
    {
        using StringContent content = new(body, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client!.PostAsync(new Uri(path, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }
}
