namespace SdsServer.Core.Pki;

/// <summary>A leaf's chain against the bundle its peers enforce.</summary>
internal static class LeafChainRules
{
    public static IEnumerable<Finding> Check(IReadOnlyList<Certificate> chain, TrustBundle bundle, DateTimeOffset now)
    {
        Certificate leaf = chain[0];
        foreach (Certificate certificate in chain)
        {
            if (now < certificate.NotBefore)
            {
                yield return new(
                    "leaf.not-yet-valid",
                    certificate.ToString(),
                    $"it is not valid before {certificate.NotBefore:u}",
                    "Wait until then, or correct the clock");
            }

            if (now >= certificate.NotAfter)
            {
                yield return new("leaf.expired", certificate.ToString(), $"it expired at {certificate.NotAfter:u}", "Issue a new one");
            }

            if (certificate != leaf && certificate.IsSelfSigned)
            {
                yield return new(
                    "leaf.root-appended",
                    certificate.ToString(),
                    "a root stands in the chain; peers take roots from their bundle only",
                    "Send the leaf and its intermediates, without the root");
            }
        }

        for (int i = 0; i + 1 < chain.Count; i++)
        {
            if (!chain[i].IsSignedBy(chain[i + 1]))
            {
                yield return new(
                    "leaf.order",
                    chain[i].ToString(),
                    $"the next certificate, {chain[i + 1]}, did not sign it",
                    "Send the leaf first and each issuer right behind (RFC 8446 4.4.2)");
            }
        }

        ChainVerification asServer = ChainVerifier.Verify(chain, bundle.Roots, ChainPurpose.Server, now);
        ChainVerification asClient = ChainVerifier.Verify(chain, bundle.Roots, ChainPurpose.Client, now);
        if (!asServer.IsTrusted || !asClient.IsTrusted)
        {
            ChainVerification refused = asServer.IsTrusted ? asClient : asServer;
            yield return new(
                "leaf.untrusted",
                leaf.ToString(),
                $"peers will refuse it: {refused.Reason}",
                "Add its root to the bundle first, or issue under a root that is in it");
            yield break;
        }

        foreach (Certificate issuer in asServer.Path.Skip(1))
        {
            if (leaf.NotAfter > issuer.NotAfter)
            {
                yield return new(
                    "leaf.outlives-issuer",
                    leaf.ToString(),
                    $"it ends after {issuer}",
                    "Issue leaves that end before their chain does");
            }
        }

        foreach (Finding finding in CheckRevocation(asServer.Path, bundle))
        {
            yield return finding;
        }
    }

    private static IEnumerable<Finding> CheckRevocation(IReadOnlyList<Certificate> path, TrustBundle bundle)
    {
        for (int i = 0; bundle.RevocationLists.Count > 0 && i + 1 < path.Count; i++)
        {
            CertificateRevocationList[] lists = [.. bundle.RevocationLists.Where(list => list.IsSignedBy(path[i + 1]))];
            if (lists.Length == 0)
            {
                yield return new(
                    "leaf.crl-missing",
                    path[i].ToString(),
                    $"the bundle has revocation lists but none of {path[i + 1]}, so peers will refuse it",
                    "Publish a list for every issuer in the chain, or none at all");
            }
            else if (lists.Any(list => list.Serials.Contains(path[i].Serial)))
            {
                yield return new("leaf.revoked", path[i].ToString(), "it is revoked", "Issue a new one");
            }
        }
    }
}
