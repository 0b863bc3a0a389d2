using System.Net;
using System.Text.Json;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;

namespace SdsServer.Hosting;

/// <summary>
/// Looks in Envoys' <c>/certs</c> for leaves. Who answers there is not authenticated: it can only keep a wave from being proven. Nothing of what
/// is said is shown.
/// </summary>
internal sealed class EnvoyAdmins(TimeProvider time) : IDisposable
{
    private const int MaxAnswer = 4 * 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MaxAnswer,
    };

    // A thousand proxies of a wave at once must not take a thousand sockets.
    private readonly SemaphoreSlim _places = new(32);

    /// <summary>What the admin shows. Throws only when it is cancelled.</summary>
    public async Task<ProxyProbed> LookAsync(ProbeProxy probe, CancellationToken cancellation)
    {
        await _places.WaitAsync(cancellation);
        using CancellationTokenSource limit = new(Limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(new Uri(probe.Admin, "/certs"), either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Unseen($"{probe.Admin.Authority} answered with status {(int)response.StatusCode}");
            }

            // JSON is UTF-8 (RFC 8259), whatever charset the header names.
            using JsonDocument certs = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(either.Token), default, either.Token);
            return Shows(certs.RootElement, probe.Serial)
                ? new ProxyProbed(probe.InstanceId, probe.Serial, Found: true, "")
                : Unseen($"{probe.Admin.Authority} shows other certificates");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return Unseen($"{probe.Admin.Authority} did not answer within {Limit.TotalSeconds:0} s");
        }
        catch (HttpRequestException)
        {
            return Unseen($"{probe.Admin.Authority} could not be asked, or said more than {MaxAnswer / 1024 / 1024} MiB");
        }
        catch (JsonException)
        {
            return Unseen($"{probe.Admin.Authority} answers with something that is no JSON");
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            // Such as half a character in a text.
            return Unseen($"{probe.Admin.Authority} answers with something that cannot be read");
        }
        finally
        {
            _places.Release();
        }

        ProxyProbed Unseen(string why) => new(probe.InstanceId, probe.Serial, Found: false, why);
    }

    public void Dispose()
    {
        _client.Dispose();
        _places.Dispose();
    }

    private static bool Shows(JsonElement certs, string serial) =>
        Elements(certs, "certificates").SelectMany(certificate => Elements(certificate, "cert_chain")).Any(certificate =>
            certificate.ValueKind == JsonValueKind.Object && certificate.TryGetProperty("serial_number", out JsonElement shown) && shown.ValueKind == JsonValueKind.String
            && shown.GetString()!.TrimStart('0').Equals(serial.TrimStart('0'), StringComparison.OrdinalIgnoreCase));

    private static JsonElement.ArrayEnumerator Elements(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;
}
