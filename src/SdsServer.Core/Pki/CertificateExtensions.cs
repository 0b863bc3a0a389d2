using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>The extensions of one certificate, read; a malformed or repeated one refuses the certificate (RFC 5280 4.2).</summary>
internal sealed class CertificateExtensions
{
    private static readonly Asn1Tag KeyId = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag IssuerNames = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag IssuerSerial = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag DirectoryName = new(TagClass.ContextSpecific, 4);

    public bool IsAuthority { get; private set; }

    public int? PathLength { get; private set; }

    public X509KeyUsageFlags? KeyUsage { get; private set; }

    public IReadOnlyList<string>? ExtendedKeyUsage { get; private set; }

    public ReadOnlyMemory<byte>? SubjectKeyIdentifier { get; private set; }

    public ReadOnlyMemory<byte>? AuthorityKeyIdentifier { get; private set; }

    public DistinguishedName? AuthorityIssuer { get; private set; }

    public ReadOnlyMemory<byte>? AuthoritySerial { get; private set; }

    public AlternativeNames AlternativeNames { get; private set; } = AlternativeNames.None;

    public bool AlternativeNamesCritical { get; private set; }

    public NameConstraints? NameConstraints { get; private set; }

    /// <summary>OIDs of critical extensions that Envoy does not process; one of them fails every chain through this certificate.</summary>
    public List<string> UnknownCritical { get; } = [];

    public static CertificateExtensions Parse(AsnReader? sequence)
    {
        CertificateExtensions result = new();
        HashSet<string> seen = [];
        while (sequence is { HasData: true })
        {
            AsnReader extension = sequence.ReadSequence();
            string oid = extension.ReadObjectIdentifier();
            bool critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            byte[] value = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
            if (!seen.Add(oid))
            {
                throw new FormatException($"certificate: extension {oid} stands there twice");
            }

            result.Read(oid, critical, value);
        }

        return result;
    }

    private void Read(string oid, bool critical, byte[] value)
    {
        AsnReader reader = new(value, AsnEncodingRules.DER);
        switch (oid)
        {
            case Oids.BasicConstraints:
                AsnReader constraints = reader.ReadSequence();
                IsAuthority = constraints.HasData && constraints.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && constraints.ReadBoolean();
                PathLength = ReadPathLength(constraints);
                constraints.ThrowIfNotEmpty();
                break;
            case Oids.KeyUsage:
                KeyUsage = ReadKeyUsage(reader);
                break;
            case Oids.ExtendedKeyUsage:
                List<string> usages = [];
                for (AsnReader list = reader.ReadSequence(); list.HasData;)
                {
                    usages.Add(list.ReadObjectIdentifier());
                }

                ExtendedKeyUsage = usages;
                break;
            case Oids.SubjectKeyIdentifier:
                SubjectKeyIdentifier = reader.ReadOctetString();
                break;
            case Oids.AuthorityKeyIdentifier:
                ReadAuthorityKeyIdentifier(reader.ReadSequence());
                break;
            case Oids.SubjectAlternativeName:
                AlternativeNames = AlternativeNames.Parse(reader.ReadEncodedValue());
                AlternativeNamesCritical = critical;
                break;
            case Oids.NameConstraints:
                NameConstraints = NameConstraints.Parse(reader.ReadEncodedValue());
                break;
            case Oids.CertificatePolicies or Oids.PolicyMappings or Oids.PolicyConstraints or Oids.InhibitAnyPolicy:
                return; // processed by Envoy's library, of no effect without a required policy
            default:
                if (critical)
                {
                    UnknownCritical.Add(oid);
                }

                return;
        }

        reader.ThrowIfNotEmpty();
    }

    private static int? ReadPathLength(AsnReader constraints)
    {
        if (!constraints.HasData)
        {
            return null;
        }

        return constraints.TryReadInt32(out int length) && length >= 0
            ? length
            : throw new FormatException("certificate: the path length is no number from 0 up");
    }

    private static X509KeyUsageFlags ReadKeyUsage(AsnReader reader)
    {
        byte[] bits = reader.ReadBitString(out _);
        // X509KeyUsageFlags keeps the first octet's bits in place and decipherOnly (bit 8) as 0x8000.
        int flags = bits.Length > 0 ? bits[0] : 0;
        return (X509KeyUsageFlags)(bits.Length > 1 ? flags | (bits[1] << 8) : flags);
    }

    private void ReadAuthorityKeyIdentifier(AsnReader sequence)
    {
        if (sequence.HasData && sequence.PeekTag().HasSameClassAndValue(KeyId))
        {
            AuthorityKeyIdentifier = sequence.ReadOctetString(KeyId);
        }

        if (sequence.HasData && sequence.PeekTag().HasSameClassAndValue(IssuerNames))
        {
            AsnReader names = sequence.ReadSequence(IssuerNames);
            while (names.HasData)
            {
                Asn1Tag tag = names.PeekTag();
                ReadOnlyMemory<byte> name = names.ReadEncodedValue();
                if (tag.HasSameClassAndValue(DirectoryName))
                {
                    AuthorityIssuer ??= DistinguishedName.Parse(new AsnReader(name, AsnEncodingRules.DER).ReadSequence(DirectoryName).ReadEncodedValue());
                }
            }
        }

        if (sequence.HasData && sequence.PeekTag().HasSameClassAndValue(IssuerSerial))
        {
            AuthoritySerial = sequence.ReadIntegerBytes(IssuerSerial);
        }

        sequence.ThrowIfNotEmpty();
    }
}
