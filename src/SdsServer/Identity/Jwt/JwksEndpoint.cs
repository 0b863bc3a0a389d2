using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>
/// Fetches an issuer's keys over HTTPS, from a fixed URL or by OIDC discovery. Redirects are not followed. The bearer token goes to the host
/// in the settings alone, not to one that a discovery document names, and by no proxy of the environment: whoever wants it is the API server of a cluster, to which there
/// is none. CA file and token are read each time: Kubernetes replaces both.
/// </summary>
internal sealed class JwksEndpoint(JwtIssuer issuer, TimeProvider time)
{
    private const int MaxAnswer = 256 * 1024;
    private const string Discovery = "/.well-known/openid-configuration";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>True for a URL that may be asked.</summary>
    public static bool IsFit(Uri url) => url.Scheme == Uri.UriSchemeHttps && url.UserInfo.Length == 0 && url.Fragment.Length == 0;

    /// <summary>The keys as the issuer writes them.</summary>
    /// <exception cref="IOException">They cannot be had; says why.</exception>
    public async Task<string> ReadAsync(CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(Limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using HttpClient client = Client();
            Uri keys = issuer.IsDiscovered ? await DiscoverAsync(client, either.Token) : issuer.Url!;
            return await GetAsync(client, keys, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new IOException($"{issuer.Url!.Authority} did not answer within {Limit.TotalSeconds:0} s");
        }
        catch (Exception error) when (error is HttpRequestException or CryptographicException or FormatException or UnauthorizedAccessException)
        {
            throw new IOException(error.InnerException is { } inner ? $"{error.Message} {inner.Message}" : error.Message, error);
        }
    }

    private HttpClient Client()
    {
        SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = issuer.BearerTokenFile is null };
        if (issuer.CaFile is { } file)
        {
            X509ChainPolicy trust = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            trust.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(TrustedFile.Read(file)));
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust };
        }

        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswer };
    }

    private async Task<Uri> DiscoverAsync(HttpClient client, CancellationToken cancellation)
    {
        Uri document = new(issuer.Issuer.TrimEnd('/') + Discovery);
        JsonElement found = StrictJson.ParseObject(Encoding.UTF8.GetBytes(await GetAsync(client, document, cancellation)));
        if (StrictJson.Text(found, "issuer") != issuer.Issuer)
        {
            throw new FormatException($"{document} is not that of issuer '{issuer.Issuer}'");
        }

        return Uri.TryCreate(StrictJson.Text(found, "jwks_uri"), UriKind.Absolute, out Uri? keys) && IsFit(keys)
            ? keys
            : throw new FormatException($"{document} names no https URL as its jwks_uri");
    }

    private async Task<string> GetAsync(HttpClient client, Uri url, CancellationToken cancellation)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, url);
        if (issuer.BearerTokenFile is { } file && Uri.Compare(url, issuer.Url, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", BearerTokenFile.Read(file));
        }

        using HttpResponseMessage response = await client.SendAsync(request, cancellation);
        return response.StatusCode == HttpStatusCode.OK
            ? await response.Content.ReadAsStringAsync(cancellation)
            : throw new FormatException($"{url} answered with status {(int)response.StatusCode}{Advice((int)response.StatusCode)}");
    }

    private string Advice(int status) => status switch
    {
        401 or 403 when issuer.BearerTokenFile is null => "; does it want a token (BearerTokenFile)?",
        >= 300 and < 400 => ", and redirects are not followed",
        _ => "",
    };
}
