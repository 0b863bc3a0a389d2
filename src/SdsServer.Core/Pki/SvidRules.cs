using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>What a certificate must be, besides trusted and valid, to stand for a workload (SPIFFE X509-SVID sections 2, 3.1, 4 and 5.2).</summary>
public static class SvidRules
{
    /// <summary>The workload of this trust domain that it is about; the reason says why it is about none.</summary>
    public static bool TryRead(Certificate leaf, TrustDomain trustDomain, [NotNullWhen(true)] out SpiffeId? id, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        ArgumentNullException.ThrowIfNull(trustDomain);
        id = null;
        reason = leaf switch
        {
            { IsAuthority: true } => "it is CA:TRUE, and an authority is no workload",
            { KeyUsage: null } => "it has no key usage, and must say digitalSignature",
            { KeyUsage: { } usage } when !usage.HasFlag(X509KeyUsageFlags.DigitalSignature) => "its key usage lacks digitalSignature",
            { KeyUsage: { } usage } when (usage & (X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign)) != 0 => "its key usage is an authority's",
            { AlternativeNames.Uris.Count: not 1 } => $"it has {leaf.AlternativeNames.Uris.Count} URI names, and must have exactly one",
            _ => null,
        };
        if (reason is not null || !SpiffeId.TryParse(leaf.AlternativeNames.Uris[0], out SpiffeId? found, out reason))
        {
            return false;
        }

        reason = !found.TrustDomain.Equals(trustDomain) ? $"'{found}' is not of trust domain {trustDomain}"
            : !found.IsWorkload ? $"'{found}' has no path, so it is no workload"
            : null;
        id = reason is null ? found : null;
        return reason is null;
    }
}
