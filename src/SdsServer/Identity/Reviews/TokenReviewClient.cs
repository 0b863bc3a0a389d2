using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdsServer.Identity.Jwt;

namespace SdsServer.Identity.Reviews;

/// <summary>
/// Posts tokens to the API server to be judged. No proxy and no redirect: a token goes to the host in the settings alone. CA file and this server's own
/// token are read again and again, because Kubernetes replaces both. Safe for concurrent use.
/// </summary>
internal sealed class TokenReviewClient(JwtIssuer issuer, TokenReviewSettings settings, TimeProvider time) : IDisposable
{
    private const int MaxAnswer = 128 * 1024;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_authorityRefresh = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private HttpClient? _client;
    private byte[] _authorities = [];
    private long _readAt;

    /// <summary>What the API server says of a token: its <c>status</c>.</summary>
    /// <exception cref="IOException">It cannot be asked; says why and what to do. Never shows a token.</exception>
    public async Task<JsonElement> ReviewAsync(string token, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(s_limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Post, settings.Url) { Content = Body(token) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", BearerTokenFile.Read(issuer.BearerTokenFile!));
            using HttpResponseMessage response = await Client().SendAsync(request, either.Token);
            return response.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK
                ? StatusOf(await response.Content.ReadAsByteArrayAsync(either.Token))
                : throw new FormatException($"it answered with status {(int)response.StatusCode}{Advice((int)response.StatusCode)}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new IOException($"{settings.Url.Authority}: it did not answer within {s_limit.TotalSeconds:0} s; is the address right, and the API server up?");
        }
        catch (Exception error) when (error is HttpRequestException or CryptographicException or FormatException or UnauthorizedAccessException or IOException)
        {
            throw new IOException($"{settings.Url.Authority}: {error.Message}{(error.InnerException is { } inner ? " " + inner.Message : "")}", error);
        }
    }

    public void Dispose() => _client?.Dispose();

    private StringContent Body(string token) => new(
        new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["kind"] = "TokenReview",
            ["spec"] = new JsonObject { ["token"] = token, ["audiences"] = new JsonArray([.. issuer.Audiences.Select(audience => JsonValue.Create(audience))]) },
        }.ToJsonString(),
        new MediaTypeHeaderValue("application/json"));

    private static JsonElement StatusOf(byte[] answer)
    {
        JsonElement review = StrictJson.ParseObject(answer);
        return StrictJson.Text(review, "kind") == "TokenReview" && review.TryGetProperty("status", out JsonElement status) && status.ValueKind == JsonValueKind.Object
            ? status
            : throw new FormatException("its answer is no TokenReview with a status; does Review:Url lead to an API server?");
    }

    private static string Advice(int status) => status switch
    {
        401 => ": it does not accept the token in BearerTokenFile; is it this server's own, not expired, and for the API server's audience?",
        403 => ": whoever the token in BearerTokenFile is of may not create tokenreviews; bind its service account to the ClusterRole system:auth-delegator",
        404 => ": it knows no authentication.k8s.io/v1; does Review:Url lead to an API server?",
        429 => ": it has too much to do",
        >= 300 and < 400 => ", and redirects are not followed",
        _ => "",
    };

    private HttpClient Client()
    {
        lock (_lock)
        {
            if (_client is { } known && time.GetElapsedTime(_readAt) < s_authorityRefresh)
            {
                return known;
            }

            _readAt = time.GetTimestamp();
        }

        byte[] authorities = issuer.CaFile is { } file ? TrustedFile.Read(file) : [];
        lock (_lock)
        {
            if (_client is null || !authorities.AsSpan().SequenceEqual(_authorities))
            {
                // The one before is left to those who are using it, and to the collector.
                (_client, _authorities) = (Make(authorities), authorities);
            }

            return _client;
        }
    }

    private HttpClient Make(byte[] authorities)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = s_limit / 2,
            MaxConnectionsPerServer = settings.AtOnce * 2,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (issuer.CaFile is not null)
        {
            X509ChainPolicy trust = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            trust.CustomTrustStore.ImportFromPem(System.Text.Encoding.ASCII.GetString(authorities));
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust };
        }

        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswer };
    }
}
