namespace SdsServer.Core.Pki;

/// <summary>One verification of a chain, which ends after so many issuers, whatever was sent: certificates that all name each other as issuer have more orders than anybody could try.</summary>
internal sealed class ChainSearch(IReadOnlyList<Certificate> chain, IReadOnlyCollection<Certificate> anchors, ChainPurpose purpose, DateTimeOffset now)
{
    private int _tried;

    public ChainVerification Run() => Extend([chain[0]]).After(_tried);

    private ChainVerification Extend(List<Certificate> path)
    {
        Certificate last = path[^1];
        if (anchors.Contains(last))
        {
            return ChainRules.Check(path, purpose, now);
        }

        List<Certificate> candidates = [.. anchors.Where(last.NamesAsIssuer).Distinct()];
        if (candidates.Count == 0)
        {
            candidates = [.. chain.Skip(1).Where(sent => last.NamesAsIssuer(sent) && !path.Contains(sent)).Distinct()];
        }

        if (candidates.Count == 0)
        {
            return ChainVerification.Refused(path, ChainFailure.UnknownIssuer, $"the issuer of {last}, {last.Issuer}, is neither trusted nor sent along");
        }

        List<ChainVerification> results = [];
        foreach (Certificate candidate in candidates)
        {
            if (_tried == ChainVerifier.MaxTried)
            {
                return ChainVerification.Refused(path, ChainFailure.TooManyPaths, $"its certificates name each other as issuers in too many ways: more than {_tried} were tried");
            }

            _tried++;
            ChainVerification result = Extend([.. path, candidate]);
            if (result.Failure is ChainFailure.TooManyPaths)
            {
                return result;
            }

            results.Add(result);
        }

        ChainVerification? refused = results.Find(result => !result.IsTrusted);
        return refused is not null && results.Exists(result => result.IsTrusted)
            ? ChainVerification.Refused(path, ChainFailure.Ambiguous, $"{last} has several possible issuers, and one of them fails: {refused.Reason}")
            : results[0];
    }
}
