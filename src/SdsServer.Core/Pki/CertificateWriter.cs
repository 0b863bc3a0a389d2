using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>
/// Writes certificates as DER. Reuses its buffers: one per thread, no allocation but the result.
/// (CertificateRequest parses every certificate it made with OpenSSL, which costs six signatures.)
/// </summary>
internal sealed class CertificateWriter
{
    private static readonly Asn1Tag Version = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Extensions = new(TagClass.ContextSpecific, 3);
    private static readonly Asn1Tag KeyId = new(TagClass.ContextSpecific, 0);

    [ThreadStatic]
    private static CertificateWriter? _perThread;

    private readonly AsnWriter _body = new(AsnEncodingRules.DER, initialCapacity: 1024);
    private readonly AsnWriter _certificate = new(AsnEncodingRules.DER, initialCapacity: 1024);

    public static CertificateWriter ForThisThread => _perThread ??= new CertificateWriter();

    /// <summary>17 octets, the first from 0x40 to 0x7f: 134 random bits, always positive and of one length (RFC 5280 4.1.2.2 allows 20).</summary>
    public static byte[] NewSerial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(17);
        serial[0] = (byte)(0x40 | (serial[0] & 0x3f));
        return serial;
    }

    public static byte[] Extension(string oid, bool critical, Action<AsnWriter> value)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        WriteExtension(writer, oid, critical, value);
        return writer.Encode();
    }

    public static void WriteExtension(AsnWriter writer, string oid, bool critical, Action<AsnWriter> value)
    {
        using AsnWriter.Scope extension = writer.PushSequence();
        writer.WriteObjectIdentifier(oid);
        if (critical)
        {
            writer.WriteBoolean(true);
        }

        using AsnWriter.Scope octets = writer.PushOctetString();
        value(writer);
    }

    public static byte[] BasicConstraints(bool isAuthority, int? pathLength) => Extension(Oids.BasicConstraints, critical: true, writer =>
    {
        using AsnWriter.Scope sequence = writer.PushSequence();
        if (isAuthority)
        {
            writer.WriteBoolean(true);
            if (pathLength is { } length)
            {
                writer.WriteInteger(length);
            }
        }
    });

    // The first octet's bits stand in X509KeyUsageFlags as they do in the DER; all we write fit into it.
    public static byte[] KeyUsage(X509KeyUsageFlags usage) => Extension(Oids.KeyUsage, critical: true, writer =>
        writer.WriteBitString([(byte)usage], System.Numerics.BitOperations.TrailingZeroCount((int)usage)));

    public static byte[] ExtendedKeyUsage(params string[] usages) => Extension(Oids.ExtendedKeyUsage, critical: false, writer =>
    {
        using AsnWriter.Scope sequence = writer.PushSequence();
        foreach (string usage in usages)
        {
            writer.WriteObjectIdentifier(usage);
        }
    });

    public static byte[] AuthorityKeyIdentifier(ReadOnlyMemory<byte> keyIdentifier) => Extension(Oids.AuthorityKeyIdentifier, critical: false, writer =>
    {
        using AsnWriter.Scope sequence = writer.PushSequence();
        writer.WriteOctetString(keyIdentifier.Span, KeyId);
    });

    /// <param name="signer">The issuer's key.</param>
    /// <param name="serial">From <see cref="NewSerial"/>.</param>
    /// <param name="issuer">DER of the issuer's name.</param>
    /// <param name="validity">Whole seconds.</param>
    /// <param name="subject">DER of the subject's name.</param>
    /// <param name="key">The key to vouch for; its identifier becomes the subject key identifier.</param>
    /// <param name="uri">The only URI name; critical under an empty subject (RFC 5280 4.2.1.6).</param>
    /// <param name="dnsNames">Further DNS names.</param>
    /// <param name="addresses">IP addresses.</param>
    /// <param name="extensions">More extensions, encoded.</param>
    public byte[] Write(
        PrivateKey signer,
        ReadOnlySpan<byte> serial,
        ReadOnlySpan<byte> issuer,
        (DateTimeOffset NotBefore, DateTimeOffset NotAfter) validity,
        DistinguishedName subject,
        PublicKeyInfo key,
        string uri,
        IReadOnlyList<string> dnsNames,
        IReadOnlyList<IPAddress> addresses,
        params ReadOnlySpan<byte[]> extensions)
    {
        _body.Reset();
        using (_body.PushSequence())
        {
            using (_body.PushSequence(Version))
            {
                _body.WriteInteger(2);
            }

            _body.WriteInteger(serial);
            _body.WriteEncodedValue(SignatureAlgorithm.For(signer.Algorithm).Identifier);
            _body.WriteEncodedValue(issuer);
            using (_body.PushSequence())
            {
                X509Time.Write(_body, validity.NotBefore);
                X509Time.Write(_body, validity.NotAfter);
            }

            _body.WriteEncodedValue(subject.Der.Span);
            _body.WriteEncodedValue(key.Der.Span);
            using (_body.PushSequence(Extensions))
            using (_body.PushSequence())
            {
                foreach (byte[] extension in extensions)
                {
                    _body.WriteEncodedValue(extension);
                }

                WriteExtension(_body, Oids.SubjectKeyIdentifier, critical: false, writer => writer.WriteOctetString(key.KeyIdentifier.Span));
                WriteExtension(_body, Oids.SubjectAlternativeName, critical: subject.IsEmpty, writer => AlternativeNames.Write(writer, uri, dnsNames, addresses));
            }
        }

        return SignedData.Sign(_body, _certificate, signer);
    }
}
