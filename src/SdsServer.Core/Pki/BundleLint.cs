namespace SdsServer.Core.Pki;

/// <summary>
/// Checks the exact bytes of a trust bundle before they are published. Envoy ACKs most of what is refused here and then fails handshakes,
/// or lets strangers in (rotation invariant I8). Pure; returns all findings.
/// </summary>
public static class BundleLint
{
    /// <summary>The largest bundle passed, in octets; Envoy keeps one copy per TLS context.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>Checks a bundle and its revocation lists.</summary>
    /// <param name="pem">What Envoy gets as trusted_ca.</param>
    /// <param name="revocationLists">What Envoy gets as crl; empty for none.</param>
    /// <param name="now">Time for all dates.</param>
    public static IReadOnlyList<Finding> Check(ReadOnlySpan<byte> pem, ReadOnlySpan<byte> revocationLists, DateTimeOffset now)
    {
        List<Finding> findings = [];
        if (pem.Length > MaxLength)
        {
            findings.Add(new(
                "bundle.too-large",
                "the bundle",
                $"it has {pem.Length} octets, more than {MaxLength}",
                "Remove roots that are not in use"));
        }

        List<Certificate> roots = ReadRoots(pem, findings);
        foreach (Certificate root in roots)
        {
            findings.AddRange(AuthorityRules.Check("bundle", root, now));
        }

        CheckDistinct(roots, findings);
        if (!revocationLists.IsEmpty)
        {
            findings.AddRange(RevocationListRules.Check(roots, revocationLists, now));
        }

        return findings;
    }

    private static List<Certificate> ReadRoots(ReadOnlySpan<byte> pem, List<Finding> findings)
    {
        List<Certificate> roots = PemRules.ReadCertificates("bundle", pem, findings, out PemDocument? document);
        if (document is null)
        {
            return roots;
        }

        if (document.Blocks.Count == 0)
        {
            findings.Add(new(
                "bundle.empty",
                "the bundle",
                "it holds no certificate, so Envoy refuses it or, without SAN matcher, lets everyone in",
                "Never publish a bundle without a root"));
        }

        bool onlyStamp = document.Text.Count == 0 || (document.Text is [string line] && IsLastLine(pem, line));
        if (!onlyStamp)
        {
            findings.Add(new(
                "bundle.text",
                $"\"{SecretRedactor.Redact(document.Text[0], 60)}\"",
                "there is text other than the one line \"# epoch N salt HEX\" at the end",
                "Remove the text"));
        }

        return roots;
    }

    private static bool IsLastLine(ReadOnlySpan<byte> pem, string line) =>
        BundleStamp.TryParse(line) is not null && pem.EndsWith(System.Text.Encoding.UTF8.GetBytes($"{line}\n"));

    private static void CheckDistinct(List<Certificate> roots, List<Finding> findings)
    {
        for (int i = 0; i < roots.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                findings.AddRange(AuthorityRules.CheckDistinct("bundle", roots[i], roots[j]));
            }
        }
    }
}
