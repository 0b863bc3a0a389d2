using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>A private key that may sign, with its certificate chain up to and including the root. Thread-safe; owns (and disposes) the key.</summary>
public sealed class SigningAuthority : IDisposable
{
    private const int MaxCommonName = 64; // ub-common-name, RFC 5280 appendix A

    private SigningAuthority(PrivateKey key, IReadOnlyList<Certificate> chain)
    {
        Key = key;
        Chain = chain;
        NotBefore = chain.Max(certificate => certificate.NotBefore);
        NotAfter = chain.Min(certificate => certificate.NotAfter);
    }

    /// <summary>The issuing certificate first, the self-signed root last; one entry if the root itself issues.</summary>
    public IReadOnlyList<Certificate> Chain { get; }

    /// <summary>The certificate whose key signs.</summary>
    public Certificate Certificate => Chain[0];

    /// <summary>The root, which belongs into the trust bundle and never into a leaf's chain.</summary>
    public Certificate Root => Chain[^1];

    /// <summary>What travels with each leaf: the chain without its root.</summary>
    public IEnumerable<Certificate> Intermediates => Chain.Take(Chain.Count - 1);

    /// <summary>The latest NotBefore in the chain.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>The earliest NotAfter in the chain.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>The signing key. Never printed; needed by stores that encrypt it.</summary>
    public PrivateKey Key { get; }

    /// <summary>Puts a key and its chain together, as loaded from a store or imported.</summary>
    /// <param name="key">Taken over, also when this throws.</param>
    /// <param name="chain">Issuing certificate first, root last.</param>
    /// <exception cref="FormatException">The key is not that of the first certificate, or a link of the chain is no authority or not signed by the next.</exception>
    public static SigningAuthority Load(PrivateKey key, IReadOnlyList<Certificate> chain)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(chain);
        string? reason = Refuse(key, chain);
        if (reason is null)
        {
            return new SigningAuthority(key, [.. chain]);
        }

        key.Dispose();
        throw new FormatException($"signing authority: {reason}");
    }

    /// <summary>Makes a self-signed root with its own key, its own subject name and its own key identifier: Envoy tells roots apart by those.</summary>
    public static SigningAuthority CreateRoot(AuthorityProfile profile, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(profile);
        PrivateKey key = PrivateKey.GenerateForAuthority(profile.Algorithm);
        DistinguishedName name = Name("Root", profile, key.PublicKey);
        byte[] der = Write(key, name, keyIdentifier: null, name, key.PublicKey, profile, (now - profile.Backdate, now + profile.Lifetime));
        return new SigningAuthority(key, [Certificate.Parse(der)]);
    }

    /// <summary>Makes an intermediate with its own key below this authority.</summary>
    /// <exception cref="IssuanceException">This authority may not sign authorities, or has expired.</exception>
    public SigningAuthority CreateIntermediate(AuthorityProfile profile, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(profile);
        PrivateKey key = PrivateKey.GenerateForAuthority(profile.Algorithm);
        return new SigningAuthority(key, [SignAuthority(key.PublicKey, profile, now), .. Chain]);
    }

    /// <summary>Signs a CA certificate for a key held elsewhere (an edge agent, an exported intermediate). Its path length is cut to what this authority allows.</summary>
    /// <exception cref="IssuanceException">This authority may not sign authorities, has expired, or the key is one Envoy cannot use.</exception>
    public Certificate SignAuthority(PublicKeyInfo key, AuthorityProfile profile, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(profile);
        // Each authority bounds those below it: the n-th above allows at most its own length minus n - 1 and this one.
        int? allowed = Chain.Select((certificate, above) => certificate.PathLength - above - 1).Min();
        if (allowed < 0)
        {
            throw new IssuanceException($"{Certificate.Subject} may not sign authorities: its path length is used up. Use a root with a path length of at least 1");
        }

        if (key.Algorithm is null)
        {
            throw new IssuanceException($"Envoy cannot use a {key.Description} key; use P-256, P-384 or RSA with 2048, 3072 or 4096 bits");
        }

        if (now < NotBefore || now >= NotAfter)
        {
            throw new IssuanceException($"{Certificate.Subject} is valid from {NotBefore:u} to {NotAfter:u} only");
        }

        DateTimeOffset notBefore = now - profile.Backdate < NotBefore ? NotBefore : now - profile.Backdate;
        DateTimeOffset notAfter = now + profile.Lifetime < NotAfter ? now + profile.Lifetime : NotAfter;
        int? pathLength = allowed is null || profile.PathLength < allowed ? profile.PathLength : allowed;
        return Certificate.Parse(Write(
            Key, Certificate.Subject, IssuerKeyIdentifier, Name("Intermediate", profile, key), key, profile with { PathLength = pathLength }, (notBefore, notAfter)));
    }

    /// <inheritdoc/>
    public void Dispose() => Key.Dispose();

    /// <summary>Names the authority; never the key.</summary>
    public override string ToString() => $"SigningAuthority ({Certificate})";

    /// <summary>What a certificate signed by this authority gives as authority key identifier.</summary>
    internal ReadOnlyMemory<byte> IssuerKeyIdentifier => Certificate.SubjectKeyIdentifier ?? Certificate.PublicKey.KeyIdentifier;

    private static byte[] Write(
        PrivateKey signer,
        DistinguishedName issuer,
        ReadOnlyMemory<byte>? keyIdentifier,
        DistinguishedName subject,
        PublicKeyInfo key,
        AuthorityProfile profile,
        (DateTimeOffset NotBefore, DateTimeOffset NotAfter) validity)
    {
        List<byte[]> extensions =
        [
            CertificateWriter.BasicConstraints(isAuthority: true, profile.PathLength),
            CertificateWriter.KeyUsage(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign),
        ];
        if (keyIdentifier is { } identifier)
        {
            extensions.Add(CertificateWriter.AuthorityKeyIdentifier(identifier));
        }

        return CertificateWriter.ForThisThread.Write(
            signer,
            CertificateWriter.NewSerial(),
            issuer.Der.Span,
            (X509Time.WholeSeconds(validity.NotBefore), X509Time.WholeSeconds(validity.NotAfter)),
            subject,
            key,
            profile.TrustDomain.Uri,
            [],
            [],
            [.. extensions]);
    }

    private static DistinguishedName Name(string kind, AuthorityProfile profile, PublicKeyInfo key)
    {
        string identifier = Convert.ToHexStringLower(key.KeyIdentifier.Span);
        string start = $"SdsServer {kind} ", end = $" {identifier[..8]}", domain = profile.TrustDomain.Name;
        int room = MaxCommonName - start.Length - end.Length;
        return DistinguishedName.Create(
            (Oids.Organization, profile.Organization),
            (Oids.CommonName, start + (domain.Length > room ? domain[..room] : domain) + end),
            (Oids.SerialNumber, identifier));
    }

    private static string? Refuse(PrivateKey key, IReadOnlyList<Certificate> chain)
    {
        if (chain.Count == 0)
        {
            return "the chain is empty; give the issuing certificate first and the root last";
        }

        if (!chain[0].PublicKey.Equals(key.PublicKey))
        {
            return $"the private key is not that of {chain[0]}; give the issuing certificate first";
        }

        for (int i = 0; i < chain.Count; i++)
        {
            if (!chain[i].IsAuthority || chain[i].KeyUsage is { } usage && !usage.HasFlag(X509KeyUsageFlags.KeyCertSign))
            {
                return $"{chain[i]} is no certificate authority (CA:TRUE with keyCertSign)";
            }

            if (!chain[i].IsSignedBy(chain[Math.Min(i + 1, chain.Count - 1)]))
            {
                return i == chain.Count - 1
                    ? $"the last certificate, {chain[i]}, must be the self-signed root"
                    : $"{chain[i]} is not signed by the next in the chain, {chain[i + 1]}";
            }
        }

        return null;
    }
}
