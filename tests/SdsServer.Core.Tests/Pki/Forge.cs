using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>Makes certificates with the framework's own writer: good ones to check our parser against, and bad ones our own writer refuses to make.</summary>
internal sealed record Forge
{
    public string Subject { get; init; } = $"CN=forged {Guid.NewGuid():N}";
    public AsymmetricAlgorithm Key { get; init; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    public Forge? Issuer { get; init; }
    public DateTimeOffset NotBefore { get; init; } = Make.Now.AddHours(-1);
    public DateTimeOffset NotAfter { get; init; } = Make.Now.AddYears(1);
    public bool? IsAuthority { get; init; } = true;
    public int? PathLength { get; init; }
    public X509KeyUsageFlags? KeyUsage { get; init; } = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;
    public string[]? ExtendedKeyUsage { get; init; }
    public string[] Uris { get; init; } = [];
    public string[] DnsNames { get; init; } = [];
    public bool NamesCritical { get; init; }
    public byte[]? KeyIdentifier { get; init; }
    public bool HasKeyIdentifiers { get; init; } = true;
    public X509Extension[] More { get; init; } = [];
    public byte[] Serial { get; init; } = CertificateWriter.NewSerial();

    public static Forge Root(string? name = null) => name is null ? new() : new() { Subject = name };

    public Forge Leaf() => new()
    {
        Issuer = this,
        Subject = "",
        IsAuthority = false,
        KeyUsage = X509KeyUsageFlags.DigitalSignature,
        ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
        Uris = ["spiffe://example.org/web"],
        NamesCritical = true,
        NotAfter = Make.Now.AddDays(1),
    };

    public Forge Intermediate() => new() { Issuer = this, NotAfter = Make.Now.AddDays(30) };

    public Certificate Certificate() => SdsServer.Core.Pki.Certificate.Parse(Der());

    public byte[] KeyPem() => System.Text.Encoding.ASCII.GetBytes(Key.ExportPkcs8PrivateKeyPem());

    public SigningAuthority Authority() => SigningAuthority.Load(
        PrivateKey.FromPkcs8(Key.ExportPkcs8PrivateKey()),
        Issuer is null ? [Certificate()] : [Certificate(), .. Issuer.Authority().Chain]);

    public byte[] Der()
    {
        CertificateRequest request = Key switch
        {
            ECDsa ecdsa => new(new X500DistinguishedName(Subject), ecdsa, HashAlgorithmName.SHA256),
            RSA rsa => new(new X500DistinguishedName(Subject), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => throw new NotSupportedException(),
        };
        foreach (X509Extension extension in Extensions())
        {
            request.CertificateExtensions.Add(extension);
        }

        Forge signer = Issuer ?? this;
        X509SignatureGenerator generator = signer.Key switch
        {
            ECDsa ecdsa => X509SignatureGenerator.CreateForECDsa(ecdsa),
            RSA rsa => X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1),
            _ => throw new NotSupportedException(),
        };
        using X509Certificate2 certificate = request.Create(new X500DistinguishedName(signer.Subject), generator, NotBefore, NotAfter, Serial);
        return certificate.RawData;
    }

    private byte[] Identifier => KeyIdentifier ?? SHA256.HashData(Key.ExportSubjectPublicKeyInfo())[..20];

    private IEnumerable<X509Extension> Extensions()
    {
        if (IsAuthority is { } authority)
        {
            yield return new X509BasicConstraintsExtension(authority, PathLength is not null, PathLength ?? 0, critical: true);
        }

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
            // By hand: the framework's builder would turn spiffe://example.org into spiffe://example.org/
            AsnWriter names = new(AsnEncodingRules.DER);
            using (names.PushSequence())
            {
                foreach (string uri in Uris)
                {
                    names.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
                }

                foreach (string name in DnsNames)
                {
                    names.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, 2));
                }
            }

            yield return new X509Extension(Oids.SubjectAlternativeName, names.Encode(), NamesCritical);
        }

        if (HasKeyIdentifiers)
        {
            yield return new X509SubjectKeyIdentifierExtension(Identifier, critical: false);
            if (Issuer is { HasKeyIdentifiers: true })
            {
                yield return X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(Issuer.Identifier);
            }
        }

        foreach (X509Extension extension in More)
        {
            yield return extension;
        }
    }
}
