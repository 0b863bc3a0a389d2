namespace SdsServer.Core.Pki;

/// <summary>What holds for all PEM we publish: whole blocks, certificates only, LF.</summary>
internal static class PemRules
{
    public static List<Certificate> ReadCertificates(string area, ReadOnlySpan<byte> pem, List<Finding> findings, out PemDocument? document)
    {
        List<Certificate> certificates = [];
        try
        {
            document = PemDocument.Parse(pem);
        }
        catch (FormatException error)
        {
            document = null;
            findings.Add(new($"{area}.pem", "the PEM", $"{error.Message}; Envoy refuses the whole secret", "Give whole PEM blocks"));
            return certificates;
        }

        if (pem.Contains((byte)'\r'))
        {
            findings.Add(new($"{area}.line-ends", "the PEM", "it holds carriage returns", "Use LF line ends"));
        }

        for (int i = 0; i < document.Blocks.Count; i++)
        {
            PemBlock block = document.Blocks[i];
            if (block.Label.Contains("PRIVATE KEY", StringComparison.Ordinal))
            {
                findings.Add(new(
                    $"{area}.private-key",
                    $"block {i + 1}",
                    "it is a private key among certificates, which are public",
                    "Remove it, and replace the key: it may have been published"));
                block.Zero();
            }
            else if (block.Label != Certificate.PemLabel)
            {
                findings.Add(new(
                    $"{area}.foreign-block",
                    $"block {i + 1}",
                    $"it is a {SecretRedactor.Redact(block.Label, 40)} block, not a certificate",
                    "Remove it"));
            }
            else if (Certificate.TryParse(block.Der.Span, out Certificate? certificate, out string? reason))
            {
                certificates.Add(certificate);
            }
            else
            {
                findings.Add(new($"{area}.certificate", $"block {i + 1}", reason, "Give a valid X.509 version 3 certificate"));
            }
        }

        return certificates;
    }
}
