using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Tests.Identity.X509;

/// <summary>A certificate with its key, made with the framework's own writer: good ones, and ones that this server would never make.</summary>
internal sealed record Forged
{
    public string Subject { get; init; } = "";

    public ECDsa Key { get; init; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>Who signs; null: itself.</summary>
    public Forged? Issuer { get; init; }

    /// <summary>DER of the subject, where it must be the same as another's to the letter.</summary>
    public byte[]? SubjectDer { get; init; }

    public byte[]? KeyIdentifier { get; init; }

    public DateTimeOffset NotBefore { get; init; } = TimeProvider.System.GetUtcNow().AddMinutes(-5);

    public DateTimeOffset NotAfter { get; init; } = TimeProvider.System.GetUtcNow().AddHours(1);

    public bool IsAuthority { get; init; }

    public X509KeyUsageFlags? KeyUsage { get; init; } = X509KeyUsageFlags.DigitalSignature;

    public string[]? ExtendedKeyUsage { get; init; } = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

    public byte[] Serial { get; init; } = [0x42, .. RandomNumberGenerator.GetBytes(15)];

    public string[] Uris { get; init; } = [];

    public string[] DnsNames { get; init; } = [];

    public static Forged Authority(string subject) => new()
    {
        Subject = subject,
        IsAuthority = true,
        KeyUsage = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign,
        ExtendedKeyUsage = null,
        NotAfter = TimeProvider.System.GetUtcNow().AddDays(1),
    };

    /// <summary>An authority that this program has made, as one to sign with.</summary>
    public static Forged Of(Core.Pki.SigningAuthority authority)
    {
        byte[] pkcs8 = new byte[authority.Key.Pkcs8Length];
        authority.Key.WritePkcs8(pkcs8);
        ECDsa key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return Authority("") with
        {
            Key = key,
            SubjectDer = authority.Certificate.Subject.Der.ToArray(),
            KeyIdentifier = authority.Certificate.SubjectKeyIdentifier!.Value.ToArray(),
        };
    }

    /// <summary>Certificates of which each names all others as its issuer: there are a million ways through ten of them.</summary>
    public static Forged[] Tangle(int count) => [.. Enumerable.Range(0, count).Select(_ => Authority("CN=tangle") with { KeyUsage = null })];

    public Forged Leaf(params string[] uris) => new() { Issuer = this, Uris = uris };

    /// <summary>The certificate with its key, fit for TLS.</summary>
    public X509Certificate2 Make()
    {
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(Der());
        return bare.CopyWithPrivateKey(Key);
    }

    /// <summary>A revocation list of this authority, in DER.</summary>
    public byte[] RevocationList(DateTimeOffset thisUpdate, DateTimeOffset nextUpdate, params IEnumerable<Forged> revoked)
    {
        CertificateRevocationListBuilder list = new();
        foreach (Forged certificate in revoked)
        {
            list.AddEntry(certificate.Serial, thisUpdate);
        }

        return list.Build(
            Name, X509SignatureGenerator.CreateForECDsa(Key), thisUpdate.ToUnixTimeSeconds(), nextUpdate, HashAlgorithmName.SHA256,
            X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(Identifier), thisUpdate);
    }

    public string Pem() => PemEncoding.WriteString("CERTIFICATE", Der());

    public byte[] Der()
    {
        CertificateRequest request = new(Name, Key, HashAlgorithmName.SHA256);
        foreach (X509Extension extension in Extensions())
        {
            request.CertificateExtensions.Add(extension);
        }

        Forged signer = Issuer ?? this;
        using X509Certificate2 made = request.Create(
            signer.Name, X509SignatureGenerator.CreateForECDsa(signer.Key), NotBefore, NotAfter, Serial);
        return made.RawData;
    }

    private X500DistinguishedName Name => SubjectDer is null ? new X500DistinguishedName(Subject) : new X500DistinguishedName(SubjectDer);

    private byte[] Identifier => KeyIdentifier ?? SHA256.HashData(Key.ExportSubjectPublicKeyInfo())[..20];

    private IEnumerable<X509Extension> Extensions()
    {
        yield return new X509BasicConstraintsExtension(IsAuthority, false, 0, critical: true);
        if (KeyUsage is { } usage)
        {
            yield return new X509KeyUsageExtension(usage, critical: true);
        }

        if (ExtendedKeyUsage is { } usages)
        {
            OidCollection oids = [];
            foreach (string oid in usages)
            {
                oids.Add(new Oid(oid));
            }

            yield return new X509EnhancedKeyUsageExtension(oids, critical: false);
        }

        if (Uris.Length + DnsNames.Length > 0)
        {
            // By hand: the framework's builder normalises what it is given.
            AsnWriter names = new(AsnEncodingRules.DER);
            using (names.PushSequence())
            {
                foreach ((string name, int tag) in Uris.Select(uri => (uri, 6)).Concat(DnsNames.Select(dns => (dns, 2))))
                {
                    names.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, tag));
                }
            }

            yield return new X509Extension("2.5.29.17", names.Encode(), critical: Subject.Length == 0 && SubjectDer is null);
        }

        yield return new X509SubjectKeyIdentifierExtension(Identifier, critical: false);
        if (Issuer is not null)
        {
            yield return X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(Issuer.Identifier);
        }
    }
}
