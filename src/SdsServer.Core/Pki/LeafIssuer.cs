using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>
/// Signs X.509-SVIDs (SPIFFE X509-SVID section 4) under one authority. Thread-safe. Everything that is the same in each leaf is encoded once,
/// here; nothing is parsed back on the way, so a new authority proves itself by a trial leaf (see <see cref="RootAdmission"/>).
/// </summary>
public sealed class LeafIssuer
{
    private const int MaxDnsNames = 64;
    private static readonly byte[] NotAuthority = CertificateWriter.BasicConstraints(isAuthority: false, pathLength: null);
    private static readonly byte[] EcUsage = CertificateWriter.KeyUsage(X509KeyUsageFlags.DigitalSignature);
    private static readonly byte[] RsaUsage = CertificateWriter.KeyUsage(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment);
    private static readonly byte[] BothSides = CertificateWriter.ExtendedKeyUsage(Oids.ServerAuth, Oids.ClientAuth);
    private static readonly byte[] ClientSide = CertificateWriter.ExtendedKeyUsage(Oids.ClientAuth);
    private static readonly byte[] ServerSide = CertificateWriter.ExtendedKeyUsage(Oids.ServerAuth);

    private readonly byte[] _authorityKeyIdentifier;
    private readonly byte[] _intermediatesPem;
    private readonly byte[] _purposes;

    /// <summary>Prepares issuing under an authority, which stays the caller's to dispose.</summary>
    /// <param name="use">What its leaves may be shown as.</param>
    public LeafIssuer(SigningAuthority authority, LeafPolicy policy, LeafUse use = LeafUse.BothSides)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(policy);
        Authority = authority;
        Policy = policy;
        _purposes = use switch
        {
            LeafUse.Client => ClientSide,
            LeafUse.Server => ServerSide,
            _ => BothSides,
        };
        _authorityKeyIdentifier = CertificateWriter.AuthorityKeyIdentifier(authority.IssuerKeyIdentifier);
        _intermediatesPem = [.. authority.Intermediates.SelectMany(certificate => certificate.ToPem())];
    }

    /// <summary>Who signs.</summary>
    public SigningAuthority Authority { get; }

    /// <summary>The bounds leaves keep.</summary>
    public LeafPolicy Policy { get; }

    /// <summary>Signs a leaf for a key made here, now; the caller sends the key and disposes it.</summary>
    /// <exception cref="IssuanceException">The request breaks the policy, or the authority is at its end.</exception>
    public (IssuedLeaf Leaf, PrivateKey Key) Issue(LeafRequest request, KeyAlgorithm algorithm, DateTimeOffset now)
    {
        (DateTimeOffset, DateTimeOffset) validity = Check(request, now); // before the key, which costs more than all else
        PrivateKey key = PrivateKey.Generate(algorithm);
        return (Sign(request, key.PublicKey, validity), key);
    }

    /// <summary>Signs a leaf for a key that exists already: one from a pool, or a request's, whose proof of possession was checked.</summary>
    /// <exception cref="IssuanceException">The request breaks the policy, the key is one Envoy cannot use, or the authority is at its end.</exception>
    public IssuedLeaf Issue(LeafRequest request, PublicKeyInfo key, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Algorithm is null
            ? throw new IssuanceException($"Envoy cannot use a {key.Description} key; use P-256, P-384 or RSA with 2048, 3072 or 4096 bits")
            : Sign(request, key, Check(request, now));
    }

    private (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Check(LeafRequest request, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!request.Id.IsWorkload)
        {
            throw new IssuanceException($"{request.Id} has no path: a leaf needs a workload's ID (X509-SVID 3.1)");
        }

        if (request.DnsNames.Count + request.Addresses.Count > MaxDnsNames)
        {
            throw new IssuanceException($"{request.DnsNames.Count + request.Addresses.Count} DNS names and addresses are more than {MaxDnsNames}");
        }

        foreach (string name in request.DnsNames)
        {
            if (DnsName.Refuse(name) is { } reason)
            {
                throw new IssuanceException($"DNS name \"{name}\": {reason}");
            }
        }

        TimeSpan lifetime = request.Lifetime ?? Policy.Lifetime;
        if (lifetime < Policy.Minimum || lifetime > Policy.Maximum)
        {
            throw new IssuanceException($"a lifetime of {lifetime} is outside the policy's {Policy.Minimum} to {Policy.Maximum}");
        }

        // Rotation invariant I4: a leaf never outlives its chain, and never begins before it.
        DateTimeOffset end = Authority.NotAfter - Policy.Skew;
        DateTimeOffset notAfter = X509Time.WholeSeconds(now + lifetime < end ? now + lifetime : end);
        DateTimeOffset begin = request.ValidAt is { } early && early < now ? early : now;
        DateTimeOffset notBefore = X509Time.WholeSeconds(begin - Policy.Backdate);
        notBefore = notBefore < Authority.NotBefore ? Authority.NotBefore : notBefore;
        if (notBefore > now)
        {
            throw new IssuanceException($"{Authority.Certificate.Subject} is not valid before {Authority.NotBefore:u}");
        }

        return notAfter - now > Policy.Minimum - TimeSpan.FromSeconds(1) // whole seconds may cut up to one
            ? (notBefore, notAfter)
            : throw new IssuanceException(
                $"{Authority.Certificate.Subject} and its chain end at {Authority.NotAfter:u}, too soon for a leaf of at least {Policy.Minimum}; rotate the authority");
    }

    private IssuedLeaf Sign(LeafRequest request, PublicKeyInfo key, (DateTimeOffset NotBefore, DateTimeOffset NotAfter) validity)
    {
        byte[] serial = CertificateWriter.NewSerial();
        byte[] der = CertificateWriter.ForThisThread.Write(
            Authority.Key,
            serial,
            Authority.Certificate.Subject.Der.Span,
            validity,
            DistinguishedName.Empty,
            key,
            request.Id.ToString(),
            request.DnsNames,
            request.Addresses,
            NotAuthority,
            key.Algorithm is KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384 ? EcUsage : RsaUsage,
            _purposes,
            _authorityKeyIdentifier);
        int leafLength = PemEncoder.Length(Certificate.PemLabel, der.Length);
        byte[] pem = new byte[leafLength + _intermediatesPem.Length];
        PemEncoder.Write(Certificate.PemLabel, der, pem);
        _intermediatesPem.CopyTo(pem, leafLength);
        return new IssuedLeaf(request.Id, Convert.ToHexStringLower(serial), validity.NotBefore, validity.NotAfter, der, pem);
    }
}
