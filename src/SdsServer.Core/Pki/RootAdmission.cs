namespace SdsServer.Core.Pki;

/// <summary>Guard G0 of the rotation rules: may this root join the trust bundle? Pure; returns all findings, none means yes.</summary>
public static class RootAdmission
{
    /// <summary>Checks the candidate against everything it would stand beside.</summary>
    public static IReadOnlyList<Finding> Check(RootCandidate candidate, AdmissionContext context, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(context);
        Certificate root = candidate.Root;
        return
        [
            .. AuthorityRules.Check("root", root, now),
            .. context.Bundle.Roots.Concat(context.OtherRoots).SelectMany(other => AuthorityRules.CheckDistinct("root", root, other)),
            .. CheckFitness(root, context, now),
            .. CheckNames(candidate, context),
            .. CheckRevocationLists(candidate, context, now),
            .. CheckTrial(candidate, now),
        ];
    }

    private static IEnumerable<Finding> CheckFitness(Certificate root, AdmissionContext context, DateTimeOffset now)
    {
        string where = root.ToString();
        if (!root.IsSelfSigned)
        {
            yield return new(
                "root.not-self-signed",
                where,
                $"it is signed by {root.Issuer}",
                "Add the root at the end of that chain; intermediates travel with the leaf");
        }

        if (root.SubjectKeyIdentifier is null)
        {
            yield return new(
                "root.no-key-id",
                where,
                "it has no subject key identifier, by which Envoy tells roots apart",
                "Make the root with one (RFC 5280 4.2.1.2)");
        }

        TimeSpan needed = (3 * context.MaxLeafLifetime) + context.ExpectedPlanTime;
        if (root.NotAfter - now <= needed)
        {
            yield return new(
                "root.lifetime",
                where,
                $"it ends at {root.NotAfter:u}; a rotation needs it for more than {needed}",
                "Make a root that lives longer, or shorten the leaf lifetime");
        }
    }

    private static IEnumerable<Finding> CheckNames(RootCandidate candidate, AdmissionContext context)
    {
        foreach (Certificate authority in candidate.TrialChain.Skip(1).Append(candidate.Root))
        {
            if (authority.NameConstraints is not { } constraints)
            {
                continue;
            }

            string? reason = context.TrustDomains.Select(domain => constraints.RefuseUri(domain.Uri))
                .Concat(context.DnsNames.Select(constraints.RefuseDns))
                .FirstOrDefault(reason => reason is not null);
            if (reason is not null)
            {
                yield return new(
                    "root.name-constraints",
                    authority.ToString(),
                    $"its name constraints refuse identities in use: {reason}",
                    "Use an authority whose constraints admit the whole mesh, or that has none");
            }
        }
    }

    private static IEnumerable<Finding> CheckRevocationLists(RootCandidate candidate, AdmissionContext context, DateTimeOffset now)
    {
        if (candidate.RevocationList is not { } list)
        {
            if (context.Bundle.RevocationLists.Count > 0)
            {
                yield return new(
                    "root.crl-missing",
                    candidate.Root.ToString(),
                    "the roots in use have revocation lists and it has none, so Envoy would refuse all its leaves",
                    "Give its revocation list, or remove all others first");
            }

            yield break;
        }

        if (context.Bundle.RevocationLists.Count == 0)
        {
            yield return new(
                "root.crl-alone",
                candidate.Root.ToString(),
                "it has a revocation list and the roots in use have none, so Envoy would refuse all their leaves",
                "Leave its list out, or give lists for all roots first");
        }

        if (!list.IsSignedBy(candidate.Root) || now < list.ThisUpdate || now >= list.NextUpdate)
        {
            yield return new(
                "root.crl-invalid",
                list.ToString(),
                "it is not signed by the root, or not valid now",
                "Give the root's current list");
        }
    }

    private static IEnumerable<Finding> CheckTrial(RootCandidate candidate, DateTimeOffset now)
    {
        Certificate root = candidate.Root;
        int intermediates = candidate.TrialChain.Skip(1).Count(certificate => !certificate.IsSelfIssued);
        if (root.PathLength < intermediates)
        {
            yield return new(
                "root.path-length",
                root.ToString(),
                $"it allows {root.PathLength} authorities below it, the provider's chain has {intermediates}",
                "Issue leaves from the root itself, or make a root that allows more");
        }

        ChainVerification asServer = ChainVerifier.Verify(candidate.TrialChain, [root], ChainPurpose.Server, now);
        ChainVerification refused = asServer.IsTrusted ? ChainVerifier.Verify(candidate.TrialChain, [root], ChainPurpose.Client, now) : asServer;
        if (!refused.IsTrusted)
        {
            yield return new(
                "root.trial",
                root.ToString(),
                $"a trial leaf of its provider does not verify under it: {refused.Reason}",
                "Correct the provider's chain, then try again");
        }
    }
}
