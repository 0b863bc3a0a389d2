using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>What must hold along one path from a leaf to its anchor. The anchor's own signature is not looked at, everything else of it is.</summary>
internal static class ChainRules
{
    public static ChainVerification Check(List<Certificate> path, ChainPurpose purpose, DateTimeOffset now)
    {
        // From the anchor down, and before all else: of a chain that a stranger has made no more than one signature is looked at, and no name.
        for (int i = path.Count - 2; i >= 0; i--)
        {
            if (CheckSignature(path[i], path[i + 1]) is var (code, reason))
            {
                return ChainVerification.Refused(path, code, reason);
            }
        }

        int intermediates = 0;
        for (int i = 0; i < path.Count; i++)
        {
            if ((CheckOne(path[i], purpose, now) ?? (i == 0 ? CheckLeaf(path[0]) : CheckAuthority(path, i, intermediates))) is var (code, reason))
            {
                return ChainVerification.Refused(path, code, reason);
            }

            // RFC 5280 6.1.4 (l): self-issued certificates do not count, nor does the leaf
            intermediates += i > 0 && !path[i].IsSelfIssued ? 1 : 0;
        }

        return ChainVerification.Trusted(path);
    }

    private static (ChainFailure, string)? CheckOne(Certificate certificate, ChainPurpose purpose, DateTimeOffset now)
    {
        string wanted = purpose == ChainPurpose.Server ? Oids.ServerAuth : Oids.ClientAuth;
        return certificate switch
        {
            _ when now < certificate.NotBefore => (ChainFailure.NotYetValid, $"{certificate} is not valid before {certificate.NotBefore:u}"),
            _ when now >= certificate.NotAfter => (ChainFailure.Expired, $"{certificate} has expired"),
            { UnknownCriticalExtensions: [string oid, ..] } => (ChainFailure.CriticalExtension, $"{certificate} has the critical extension {oid}, which Envoy does not process"),
            { ExtendedKeyUsage: { } usages } when !usages.Contains(wanted) => (ChainFailure.ExtendedKeyUsage, $"{certificate} has an extended key usage without {Name(purpose)}"),
            { PublicKey.Algorithm: null } => (ChainFailure.Algorithm, $"{certificate} has a {certificate.PublicKey.Description} key"),
            _ => null,
        };
    }

    private static (ChainFailure, string)? CheckLeaf(Certificate leaf) => leaf.KeyUsage is { } usage && !usage.HasFlag(X509KeyUsageFlags.DigitalSignature)
        ? (ChainFailure.KeyUsage, $"{leaf} has a key usage without digitalSignature")
        : null;

    private static (ChainFailure, string)? CheckAuthority(List<Certificate> path, int index, int intermediates)
    {
        Certificate authority = path[index];
        if (!authority.IsAuthority || authority.KeyUsage is { } usage && !usage.HasFlag(X509KeyUsageFlags.KeyCertSign))
        {
            return (ChainFailure.NotAuthority, $"{authority} is no certificate authority (CA:TRUE, and keyCertSign where it has a key usage)");
        }

        if (authority.PathLength < intermediates)
        {
            return (ChainFailure.PathLength, $"{authority} allows {authority.PathLength} authorities below it, there are {intermediates}");
        }

        for (int below = 0; authority.NameConstraints is { } constraints && below < index; below++)
        {
            bool exempt = below > 0 && path[below].IsSelfIssued; // RFC 5280 6.1.3 (b)
            if (!exempt && constraints.Refuse(path[below]) is { } reason)
            {
                return (ChainFailure.NameConstraints, $"name constraints of {authority} refuse {path[below]}: {reason}");
            }
        }

        return null;
    }

    private static (ChainFailure, string)? CheckSignature(Certificate certificate, Certificate issuer) => certificate switch
    {
        { HasKnownSignatureAlgorithm: false } => (ChainFailure.Algorithm, $"{certificate} is signed with an algorithm other than ECDSA or RSA (PKCS#1) with SHA-256, -384 or -512"),
        _ when issuer.PublicKey.Algorithm is null => (ChainFailure.Algorithm, $"{issuer} has a {issuer.PublicKey.Description} key"),
        _ when !certificate.IsSignedBy(issuer.PublicKey) => (ChainFailure.BadSignature, $"{certificate} was not signed by {issuer}"),
        _ => null,
    };

    private static string Name(ChainPurpose purpose) => purpose == ChainPurpose.Server ? "serverAuth" : "clientAuth";
}
