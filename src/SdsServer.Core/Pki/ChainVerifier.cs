namespace SdsServer.Core.Pki;

/// <summary>
/// Verifies a chain as the BoringSSL in Envoy does: trusted candidates before sent ones, any anchor ends the path (also an intermediate, also the leaf itself),
/// the sent certificates in any order. Where Envoy releases differ in which of several fitting issuers they take (seen: 1.36 the last
/// of the same name, 1.38 and 1.40 the first), the chain is trusted only if each of them works.
/// Revocation is not looked at here.
/// </summary>
public static class ChainVerifier
{
    /// <summary>So many issuers are tried for one chain. A leaf, its intermediates and a few roots of one name need a handful.</summary>
    public const int MaxTried = 32;

    private const int MaxLength = 10;

    /// <summary>Verifies.</summary>
    /// <param name="chain">Leaf first, then whatever was sent with it.</param>
    /// <param name="anchors">The trust bundle.</param>
    /// <param name="purpose">Which side shows it.</param>
    /// <param name="now">Time for all dates.</param>
    public static ChainVerification Verify(IReadOnlyList<Certificate> chain, IReadOnlyCollection<Certificate> anchors, ChainPurpose purpose, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(anchors);
        return chain.Count switch
        {
            0 => ChainVerification.Refused([], ChainFailure.Empty, "there is no certificate"),
            > MaxLength => ChainVerification.Refused([], ChainFailure.TooLong, $"{chain.Count} certificates are more than {MaxLength}"),
            _ => new ChainSearch(chain, anchors, purpose, now).Run(),
        };
    }

    /// <summary>The roots among the candidates that alone suffice for the chain, on either side, now. What the ledger calls the anchors of a leaf.</summary>
    public static IReadOnlyList<Certificate> AnchorsOf(IReadOnlyList<Certificate> chain, IEnumerable<Certificate> candidates, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        return [.. candidates.Where(root =>
            Verify(chain, [root], ChainPurpose.Server, now).IsTrusted && Verify(chain, [root], ChainPurpose.Client, now).IsTrusted)];
    }
}
