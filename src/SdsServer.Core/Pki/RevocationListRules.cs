namespace SdsServer.Core.Pki;

/// <summary>Revocation lists of a bundle: for each root one or none at all. A missing, foreign, garbled or stale list fails handshakes that have nothing to do with it.</summary>
internal static class RevocationListRules
{
    public static IEnumerable<Finding> Check(IReadOnlyList<Certificate> roots, ReadOnlySpan<byte> pem, DateTimeOffset now)
    {
        IReadOnlyList<CertificateRevocationList> lists;
        try
        {
            lists = CertificateRevocationList.ParsePem(pem);
        }
        catch (FormatException error)
        {
            return [new("crl.malformed", "the revocation lists", $"{error.Message}; Envoy ACKs it and refuses everyone", "Give PEM with X509 CRL blocks only")];
        }

        return lists.Count == 0
            ? [new("crl.malformed", "the revocation lists", "there is no X509 CRL block; Envoy ACKs it and refuses everyone", "Give no bytes at all, or one list for each root")]
            : lists.SelectMany(list => CheckOne(roots, list, now)).Concat(CheckParity(roots, lists));
    }

    private static IEnumerable<Finding> CheckOne(IReadOnlyList<Certificate> roots, CertificateRevocationList list, DateTimeOffset now)
    {
        if (!roots.Any(list.IsSignedBy))
        {
            yield return new(
                "crl.foreign",
                list.ToString(),
                "no root of the bundle signed it (or that root lacks cRLSign); Envoy then refuses everyone",
                "Remove it, or add its root first");
        }

        if (now < list.ThisUpdate)
        {
            yield return new(
                "crl.not-yet-valid",
                list.ToString(),
                $"it begins at {list.ThisUpdate:u}",
                "Wait until then, or correct the clock");
        }

        if (now >= list.NextUpdate)
        {
            yield return new(
                "crl.stale",
                list.ToString(),
                $"its next update was due at {list.NextUpdate:u}; Envoy refuses every leaf of that root",
                "Publish a fresh list");
        }
    }

    private static IEnumerable<Finding> CheckParity(IReadOnlyList<Certificate> roots, IReadOnlyList<CertificateRevocationList> lists)
    {
        foreach (Certificate root in roots)
        {
            int count = lists.Count(list => list.IsSignedBy(root));
            if (count == 0)
            {
                yield return new(
                    "crl.missing",
                    root.ToString(),
                    "other roots have a revocation list and it has none, so Envoy refuses all its leaves",
                    "Give a list for every root, or none at all");
            }
            else if (count > 1)
            {
                yield return new(
                    "crl.duplicate",
                    root.ToString(),
                    $"it has {count} revocation lists, and which one counts is not defined",
                    "Give only the newest");
            }
        }
    }
}
