using SdsServer.Core.Pki;

namespace SdsServer.Core.Authorities;

/// <summary>Gate G0 of a rotation that changes no bundle: may leaves come from this chain, by the bundle that everyone enforces now? Pure.</summary>
internal static class ChainFitness
{
    /// <summary>What speaks against it; empty if nothing.</summary>
    /// <param name="chain">The signing certificate first, its root last.</param>
    /// <param name="trial">A leaf of it with what travels beside it, as it would be sent.</param>
    /// <param name="bundle">The roots that are trusted now.</param>
    /// <param name="domain">Whose identities its leaves carry.</param>
    /// <param name="maxLeafLifetime">The longest leaf.</param>
    public static IEnumerable<string> Check(
        IReadOnlyList<Certificate> chain, IReadOnlyList<Certificate> trial, IReadOnlyList<Certificate> bundle, TrustDomain domain, TimeSpan maxLeafLifetime, DateTimeOffset now)
    {
        foreach (Certificate authority in chain)
        {
            foreach (Finding finding in AuthorityRules.Check("authority", authority, now))
            {
                yield return finding.ToString();
            }

            if (authority.NameConstraints?.RefuseUri(domain.Uri) is { } refused)
            {
                yield return $"{authority}: its name constraints refuse identities in use: {refused}";
            }
        }

        TimeSpan needed = 3 * maxLeafLifetime;
        if (chain.Min(certificate => certificate.NotAfter) is var end && end - now < needed)
        {
            yield return $"its chain ends at {end:u}; leaves need it for at least {needed}";
        }

        foreach (ChainPurpose purpose in (ReadOnlySpan<ChainPurpose>)[ChainPurpose.Server, ChainPurpose.Client])
        {
            if (ChainVerifier.Verify(trial, bundle, purpose, now) is { IsTrusted: false } verification)
            {
                yield return $"a trial leaf does not verify under the bundle that is in use: {verification.Reason}";
                yield break;
            }
        }
    }
}
