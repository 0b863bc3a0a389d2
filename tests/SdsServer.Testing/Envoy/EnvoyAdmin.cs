using System.Text.Json;
using SdsServer.Testing.Leaks;

namespace SdsServer.Testing.Envoy;

/// <summary>What one Envoy process says of itself over its admin port.</summary>
public sealed class EnvoyAdmin : IDisposable
{
    /// <summary>What the tests call themselves, to be told from whoever else asks.</summary>
    public const string UserAgent = "sdsserver-tests";

    private readonly HttpClient _http;

    /// <param name="address"><c>host:port</c>.</param>
    public EnvoyAdmin(string address)
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://{address}"), Timeout = TimeSpan.FromSeconds(10) };
        _http.DefaultRequestHeaders.Add("User-Agent", UserAgent);
    }

    /// <returns><c>LIVE</c>, <c>DRAINING</c>, <c>PRE_INITIALIZING</c> or <c>INITIALIZING</c>.</returns>
    public async Task<string> StateAsync(CancellationToken cancellation = default)
    {
        using JsonDocument info = await JsonAsync("/server_info", cancellation);
        return info.RootElement.GetProperty("state").GetString()!;
    }

    public async Task<EnvoyStats> StatsAsync(CancellationToken cancellation = default) =>
        EnvoyStats.Parse(await _http.GetStringAsync("/stats", cancellation));

    /// <summary>The certificates in force: current as soon as Envoy has ACKed them.</summary>
    public async Task<EnvoyCertificates> CertificatesAsync(CancellationToken cancellation = default)
    {
        using JsonDocument certificates = await JsonAsync("/certs", cancellation);
        return EnvoyCertificates.Parse(certificates.RootElement);
    }

    /// <summary>The secrets Envoy stores. For diagnosis only: refused bytes are shown too, as if they were active. Envoy redacts private keys.</summary>
    public Task<string> StoredSecretsAsync(CancellationToken cancellation = default) =>
        GetAsync("/config_dump?resource=dynamic_active_secrets", cancellation);

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> JsonAsync(string path, CancellationToken cancellation) =>
        JsonDocument.Parse(await GetAsync(path, cancellation));

    private async Task<string> GetAsync(string path, CancellationToken cancellation)
    {
        string text = await _http.GetStringAsync(path, cancellation);
        RunOutput.Write("Envoy's admin", text);
        return text;
    }
}
