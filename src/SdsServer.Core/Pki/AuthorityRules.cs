using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>What each root must be, in a bundle ("bundle.…") and before it gets into one ("root.…").</summary>
internal static class AuthorityRules
{
    public static IEnumerable<Finding> Check(string area, Certificate root, DateTimeOffset now)
    {
        string where = root.ToString();
        if (!root.IsAuthority)
        {
            yield return new(
                $"{area}.not-authority",
                where,
                "it is not CA:TRUE, so Envoy accepts it and refuses what it signed",
                "Give the root certificate, not a leaf");
        }

        if (root.KeyUsage is not { } usage || !usage.HasFlag(X509KeyUsageFlags.KeyCertSign))
        {
            yield return new(
                $"{area}.key-usage",
                where,
                "it lacks the key usage keyCertSign (X509-SVID 4.3)",
                "Make the root with a critical keyUsage of keyCertSign and cRLSign");
        }

        if (root.PublicKey.Algorithm is null)
        {
            yield return new(
                $"{area}.key-type",
                where,
                $"it has a {root.PublicKey.Description} key, which not every supported Envoy verifies",
                "Use P-256, P-384 or RSA with 2048, 3072 or 4096 bits");
        }

        if (root.ExtendedKeyUsage is { } usages && !(usages.Contains(Oids.ServerAuth) && usages.Contains(Oids.ClientAuth)))
        {
            yield return new(
                $"{area}.extended-key-usage",
                where,
                "its extended key usage lacks serverAuth or clientAuth, so one side of each handshake refuses it",
                "Make the root without extended key usage");
        }

        if (root.UnknownCriticalExtensions is [string oid, ..])
        {
            yield return new(
                $"{area}.critical-extension",
                where,
                $"it has the critical extension {oid}, which Envoy does not process",
                "Make the root without that extension");
        }

        if (now < root.NotBefore)
        {
            yield return new(
                $"{area}.not-yet-valid",
                where,
                $"it is not valid before {root.NotBefore:u}; Envoy accepts it and refuses its leaves",
                "Wait until then, or correct the clock");
        }

        if (now >= root.NotAfter)
        {
            yield return new(
                $"{area}.expired",
                where,
                $"it expired at {root.NotAfter:u}; Envoy accepts it and refuses its leaves",
                "Drop it, or rotate to a new root");
        }
    }

    public static IEnumerable<Finding> CheckDistinct(string area, Certificate root, Certificate other)
    {
        string where = root.ToString();
        if (root.Equals(other))
        {
            yield return new($"{area}.duplicate", where, "the same certificate is there already", "Give each root once");
            yield break;
        }

        if (root.Subject.Equals(other.Subject))
        {
            yield return new(
                $"{area}.same-name",
                where,
                $"its subject is that of serial {other.Serial}; Envoy then tries one of the two, which one depends on its release",
                "Give each root its own subject name");
        }

        if (root.SubjectKeyIdentifier is { } id && other.SubjectKeyIdentifier is { } otherId && id.Span.SequenceEqual(otherId.Span))
        {
            yield return new(
                $"{area}.same-key-id",
                where,
                $"its subject key identifier is that of {other}",
                "Give each root its own subject key identifier");
        }

        if (root.PublicKey.Equals(other.PublicKey))
        {
            yield return new(
                $"{area}.same-key",
                where,
                $"its key is that of {other}; dropping one would not end trust in the other",
                "Make a new key for each root");
        }
    }
}
