using SdsServer.Identity.Reviews;

namespace SdsServer.Identity.Jwt;

/// <summary>Whose tokens are believed, and which workload each names.</summary>
public sealed class JwtIssuerOptions
{
    /// <summary>What <c>iss</c> says, to the letter.</summary>
    public string Issuer { get; set; } = "";

    /// <summary><c>aud</c> must hold one of these.</summary>
    public List<string> Audiences { get; set; } = [];

    /// <summary>Algorithms accepted; empty: all there are.</summary>
    public List<string> Algorithms { get; set; } = [];

    /// <summary>Template of the workload's SPIFFE ID; empty: only registrations name its workloads.</summary>
    public string SpiffeId { get; set; } = "";

    /// <summary>Templates of DNS names.</summary>
    public List<string> DnsNames { get; set; } = [];

    /// <summary>It is the API server of a cluster: its tokens show the namespace and the service account to registrations.</summary>
    public bool Kubernetes { get; set; }

    /// <summary>They take the bundle and never a leaf.</summary>
    public bool BundleOnly { get; set; }

    public List<RequiredClaimOptions> Required { get; set; } = [];

    /// <summary>File with the keys (a JWKS); empty: they are fetched.</summary>
    public string KeysFile { get; set; } = "";

    /// <summary>https URL of the keys; empty: found by OIDC discovery at the issuer.</summary>
    public string KeysUrl { get; set; } = "";

    /// <summary>PEM of the authorities that the server with the keys is checked against; empty: the system's.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>File with a token to show to that server.</summary>
    public string BearerTokenFile { get; set; } = "";

    /// <summary>Its tokens are judged by the API server, one by one, and not by keys; null: by keys.</summary>
    public TokenReviewOptions? Review { get; set; }

    /// <summary>How far clocks may differ.</summary>
    public TimeSpan Skew { get; set; } = TimeSpan.FromSeconds(60);

    public TimeSpan MaxLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>A stream ends so long after its token's end; null: <see cref="Skew"/>.</summary>
    public TimeSpan? StreamGrace { get; set; }

    /// <summary>How often the keys are read anew; null: 5 minutes, a file 10 seconds.</summary>
    public TimeSpan? KeysRefresh { get; set; }

    /// <summary>A token with an unknown key makes them be read anew at most this often.</summary>
    public TimeSpan UnknownKeyInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Keys that could not be read anew for so long are not believed any more.</summary>
    public TimeSpan MaxKeyAge { get; set; } = TimeSpan.FromHours(24);
}
