using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>
/// Checks the exact bytes of a leaf secret before they are sent. Envoy ACKs most of what is refused here and then fails every fresh handshake.
/// Pure; returns all findings; none of them ever quotes key bytes.
/// </summary>
public static class LeafLint
{
    /// <summary>The longest chain passed, in octets; peers bound their handshake messages.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>Checks a leaf secret.</summary>
    /// <param name="chainPem">What Envoy gets as certificate_chain.</param>
    /// <param name="keyPem">What Envoy gets as private_key.</param>
    /// <param name="bundle">The bundle its peers enforce.</param>
    /// <param name="now">Time for all dates.</param>
    public static IReadOnlyList<Finding> Check(ReadOnlySpan<byte> chainPem, ReadOnlySpan<byte> keyPem, TrustBundle bundle, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        List<Finding> findings = [];
        List<Certificate> chain = CheckChain(chainPem, bundle, now, findings);
        try
        {
            using PrivateKey key = PrivateKey.FromPem(keyPem);
            CheckMatch(key, chain, findings);
        }
        catch (FormatException error)
        {
            findings.Add(new("leaf.key", "the private key", error.Message, "Send one unencrypted PEM key"));
        }

        return findings;
    }

    /// <summary>
    /// The same for a key that was made here: its bytes are compared with the key's, for which they need not be read as a key again.
    /// </summary>
    /// <param name="chainPem">What Envoy gets as certificate_chain.</param>
    /// <param name="keyPem">What Envoy gets as private_key.</param>
    /// <param name="key">The key that was written into it.</param>
    /// <param name="bundle">The bundle its peers enforce.</param>
    /// <param name="now">Time for all dates.</param>
    /// <param name="chain">The certificates that were read.</param>
    internal static IReadOnlyList<Finding> Check(
        ReadOnlySpan<byte> chainPem, ReadOnlySpan<byte> keyPem, PrivateKey key, TrustBundle bundle, DateTimeOffset now, out IReadOnlyList<Certificate> chain)
    {
        List<Finding> findings = [];
        List<Certificate> read = CheckChain(chainPem, bundle, now, findings);
        chain = read;
        CheckMatch(key, read, findings);
        if (!key.IsWrittenIn(keyPem))
        {
            findings.Add(new("leaf.key", "the private key", "its PEM is not that of the key it was made from", "Write the key anew"));
        }

        return findings;
    }

    private static List<Certificate> CheckChain(ReadOnlySpan<byte> chainPem, TrustBundle bundle, DateTimeOffset now, List<Finding> findings)
    {
        if (chainPem.Length > MaxLength)
        {
            findings.Add(new(
                "leaf.too-large",
                "the chain",
                $"it has {chainPem.Length} octets, more than {MaxLength}",
                "Send fewer intermediates"));
        }

        List<Certificate> chain = PemRules.ReadCertificates("leaf", chainPem, findings, out PemDocument? document);
        if (document?.Text is [string text, ..])
        {
            findings.Add(new(
                "leaf.text",
                $"\"{SecretRedactor.Redact(text, 60)}\"",
                "there is text outside the PEM blocks",
                "Remove the text"));
        }

        if (chain.Count == 0)
        {
            findings.Add(new("leaf.empty", "the chain", "it holds no readable certificate", "Give the leaf first, then its intermediates"));
        }
        else
        {
            findings.AddRange(CheckSubject(chain[0]));
            findings.AddRange(LeafChainRules.Check(chain, bundle, now));
        }

        return chain;
    }

    private static IEnumerable<Finding> CheckSubject(Certificate leaf)
    {
        string where = leaf.ToString();
        if (leaf.PublicKey.Algorithm is null)
        {
            yield return new(
                "leaf.key-type",
                where,
                $"it has a {leaf.PublicKey.Description} key; Envoy refuses it, or ACKs it and fails the handshake",
                "Use P-256, P-384 or RSA with 2048, 3072 or 4096 bits");
        }

        if (leaf.IsAuthority)
        {
            yield return new(
                "leaf.authority",
                where,
                "it is CA:TRUE (X509-SVID 4.1)",
                "Put the leaf first, and issue leaves with CA:FALSE");
        }

        if (leaf.KeyUsage is not { } usage || !usage.HasFlag(X509KeyUsageFlags.DigitalSignature) || (usage & (X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign)) != 0)
        {
            yield return new(
                "leaf.key-usage",
                where,
                $"its key usage is {leaf.KeyUsage?.ToString() ?? "absent"} (X509-SVID 4.3)",
                "Issue leaves with digitalSignature and without keyCertSign and cRLSign");
        }

        if (leaf.ExtendedKeyUsage is not { } usages || !usages.Contains(Oids.ServerAuth) || !usages.Contains(Oids.ClientAuth))
        {
            yield return new(
                "leaf.extended-key-usage",
                where,
                "its extended key usage lacks serverAuth or clientAuth, so Envoy fails as server or as client",
                "Issue leaves with both");
        }

        if (leaf.AlternativeNames.Uris is not [string uri])
        {
            yield return new(
                "leaf.spiffe-id",
                where,
                $"it has {leaf.AlternativeNames.Uris.Count} URI names (X509-SVID 2)",
                "Issue leaves with exactly one, the SPIFFE ID");
        }
        else if (!SpiffeId.TryParse(uri, out SpiffeId? id, out string? reason))
        {
            yield return new("leaf.spiffe-id", where, reason, "Issue leaves with a SPIFFE ID as URI name");
        }
        else if (!id.IsWorkload)
        {
            yield return new(
                "leaf.spiffe-id",
                where,
                $"{id} has no path, as only authorities' IDs have none (X509-SVID 3.1)",
                "Issue leaves with a workload's ID");
        }

        if (leaf.Subject.IsEmpty && !leaf.AlternativeNamesCritical)
        {
            yield return new(
                "leaf.names-not-critical",
                where,
                "its subject is empty and its alternative names are not critical (RFC 5280 4.1.2.6)",
                "Issue such leaves with critical alternative names");
        }
    }

    private static void CheckMatch(PrivateKey key, List<Certificate> chain, List<Finding> findings)
    {
        if (chain is [Certificate leaf, ..] && !key.PublicKey.Equals(leaf.PublicKey))
        {
            findings.Add(new(
                "leaf.key-mismatch",
                leaf.ToString(),
                "the private key is not that of the first certificate",
                "Send the key the leaf was issued for, and the leaf first"));
        }
    }
}
