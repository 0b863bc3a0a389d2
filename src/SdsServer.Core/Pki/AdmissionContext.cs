namespace SdsServer.Core.Pki;

/// <summary>What a new root must fit in with.</summary>
/// <param name="Bundle">The bundle it would join.</param>
/// <param name="TrustDomains">Trust domains of all identities in use; name constraints bind a SPIFFE ID by its host only.</param>
/// <param name="DnsNames">DNS names of all identities in use.</param>
/// <param name="MaxLeafLifetime">The longest a leaf may live.</param>
/// <param name="ExpectedPlanTime">How long the rotation is expected to take.</param>
public sealed record AdmissionContext(
    TrustBundle Bundle,
    IReadOnlyCollection<TrustDomain> TrustDomains,
    IReadOnlyCollection<string> DnsNames,
    TimeSpan MaxLeafLifetime,
    TimeSpan ExpectedPlanTime)
{
    /// <summary>Other roots in use that are not in the bundle: dropped ones whose key must not come back under another name.</summary>
    public IReadOnlyList<Certificate> OtherRoots { get; init; } = [];
}
