namespace SdsServer.Core.Pki;

/// <summary>What a new certificate authority shall be.</summary>
/// <param name="TrustDomain">Its trust domain; the certificate carries it as URI name.</param>
public sealed record AuthorityProfile(TrustDomain TrustDomain)
{
    /// <summary>Kind of key.</summary>
    public KeyAlgorithm Algorithm { get; init; } = KeyAlgorithm.EcdsaP256;

    /// <summary>Time until it expires, ten years unless said; an intermediate ends with its issuer at the latest.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(3652);

    /// <summary>Authorities allowed below: 1 (the default) for a root that may get an intermediate, 0 for an authority that only issues leaves, null for no limit.</summary>
    public int? PathLength { get; init; } = 1;

    /// <summary>How far before now validity begins, so that a host whose clock lags accepts it.</summary>
    public TimeSpan Backdate { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Organization in the subject name.</summary>
    public string Organization { get; init; } = "SdsServer";
}
