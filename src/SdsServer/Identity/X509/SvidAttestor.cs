using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Enrolment;

namespace SdsServer.Identity.X509;

/// <summary>Evidence by a leaf of the mesh that this server serves, under a root that counts now.</summary>
internal sealed class SvidAttestor(TrustDomain trustDomain, MeshRoots roots, EnrolmentDirectory enrolments)
{
    /// <summary>Null when the chain ends at no root of the mesh.</summary>
    /// <exception cref="CertificateRefusedException">It does, and is no evidence all the same.</exception>
    public (Evidence Evidence, SpiffeId Id)? Find(ClientChain chain, DateTimeOffset now)
    {
        ChainVerification verification = ChainVerifier.Verify(chain.Certificates, roots.Trusted, ChainPurpose.Client, now);
        if (!verification.IsTrusted)
        {
            if (roots.Tainted.Count > 0 && ChainVerifier.Verify(chain.Certificates, roots.Tainted, ChainPurpose.Client, now) is { IsTrusted: true } tainted)
            {
                throw new CertificateRefusedException(CertificateRefusal.Tainted, $"its root, {tainted.Path[^1]}, is tainted: whoever has that key can make such a certificate");
            }

            return verification.Failure is ChainFailure.UnknownIssuer ? null : throw Refusals.Of(verification);
        }

        RequireUntainted(verification.Path, roots);
        Certificate leaf = verification.Path[0], root = verification.Path[^1];
        if (!SvidRules.TryRead(leaf, trustDomain, out SpiffeId? id, out string? reason))
        {
            throw new CertificateRefusedException(CertificateRefusal.NoWorkload, reason);
        }

        CancellationToken withdrawn = roots.Enter(root, id);
        if (enrolments.IsCutOff(id, leaf.NotBefore))
        {
            throw new CertificateRefusedException(CertificateRefusal.Revoked, $"the leaves of '{id}' up to now were taken back as evidence");
        }

        // Asked again: it may have ended before there was anybody to be told.
        return roots.Trusted.Contains(root)
            ? (new Evidence([new Selector(Selector.SpiffeId, id.ToString()), new Selector("x509:svid_root", root.Fingerprint)])
            {
                Workload = new Workload(id.ToString(), [], BundleOnly: false),
                ValidUntil = leaf.NotAfter,
                Withdrawn = withdrawn,
            }, id)
            : throw new CertificateRefusedException(CertificateRefusal.Untrusted, "its root has just left the bundle");
    }

    /// <summary>A stolen key vouches for nothing, by whatever other certificate it is trusted again.</summary>
    /// <exception cref="CertificateRefusedException">A key on the path is known to be stolen.</exception>
    public static void RequireUntainted(IReadOnlyList<Certificate> path, MeshRoots roots)
    {
        if (path.FirstOrDefault(certificate => roots.Tainted.Any(tainted => tainted.PublicKey.Equals(certificate.PublicKey))) is { } stolen)
        {
            throw new CertificateRefusedException(CertificateRefusal.Tainted, $"the key of {stolen}, on its way to a root, is that of a tainted authority");
        }
    }
}
