using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;

namespace SdsServer.Core.Pki;

/// <summary>
/// A PKCS#10 request (RFC 2986) whose sender holds the private key: parsing checks that proof. What it asks for (names) is shown, never believed:
/// the caller compares it with the authenticated identity.
/// </summary>
public sealed class CertificateSigningRequest
{
    /// <summary>The largest request read, in octets.</summary>
    public const int MaxLength = 64 * 1024;

    private const string PemLabel = "CERTIFICATE REQUEST";
    private static readonly Asn1Tag Attributes = new(TagClass.ContextSpecific, 0);

    private CertificateSigningRequest(PublicKeyInfo publicKey, DistinguishedName subject, AlternativeNames alternativeNames)
    {
        PublicKey = publicKey;
        Subject = subject;
        AlternativeNames = alternativeNames;
    }

    /// <summary>The requester's key: P-256, P-384, RSA-2048, -3072 or -4096.</summary>
    public PublicKeyInfo PublicKey { get; }

    /// <summary>The asked-for subject; we never use it.</summary>
    public DistinguishedName Subject { get; }

    /// <summary>The asked-for names; empty if none.</summary>
    public AlternativeNames AlternativeNames { get; }

    /// <summary>Reads a request as DER or as exactly one PEM block, checks key and proof of possession.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> request, [NotNullWhen(true)] out CertificateSigningRequest? parsed, [NotNullWhen(false)] out string? reason)
    {
        try
        {
            (parsed, reason) = (Parse(request), null);
            return true;
        }
        catch (Exception error) when (error is FormatException or AsnContentException)
        {
            (parsed, reason) = (null, $"certificate request: {error.Message}");
            return false;
        }
    }

    /// <summary>Makes a request for a key we hold, for an authority that signs elsewhere. Empty subject; the names go into the extension request.</summary>
    public static byte[] Create(PrivateKey key, SpiffeId id, IReadOnlyList<string> dnsNames)
    {
        ArgumentNullException.ThrowIfNull(id);
        return Create(key, names => AlternativeNames.Write(names, id.ToString(), dnsNames, []));
    }

    /// <summary>Makes a request of a client for its own key: for this ID, or for whatever one the authority knows it by.</summary>
    public static byte[] Create(PrivateKey key, SpiffeId? id) => Create(key, id is null ? null : names => AlternativeNames.Write(names, id.ToString(), [], []));

    private static byte[] Create(PrivateKey key, Action<AsnWriter>? names)
    {
        ArgumentNullException.ThrowIfNull(key);
        AsnWriter body = new(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            body.WriteInteger(0);
            body.WriteEncodedValue(DistinguishedName.Empty.Der.Span);
            body.WriteEncodedValue(key.PublicKey.Der.Span);
            using (body.PushSetOf(Attributes))
            {
                if (names is not null)
                {
                    using AsnWriter.Scope request = body.PushSequence();
                    body.WriteObjectIdentifier(Oids.ExtensionRequest);
                    using AsnWriter.Scope values = body.PushSetOf();
                    using AsnWriter.Scope extensions = body.PushSequence();
                    CertificateWriter.WriteExtension(body, Oids.SubjectAlternativeName, critical: true, names);
                }
            }
        }

        return SignedData.Sign(body, new AsnWriter(AsnEncodingRules.DER), key);
    }

    private static CertificateSigningRequest Parse(ReadOnlyMemory<byte> request)
    {
        if (request.Length > MaxLength)
        {
            throw new FormatException($"{request.Length} octets are more than {MaxLength}");
        }

        SignedData signed = SignedData.Parse(request.Span.StartsWith("-----"u8) ? FromPem(request.Span) : request);
        AsnReader body = new AsnReader(signed.Body, AsnEncodingRules.DER).ReadSequence();
        if (!body.TryReadInt32(out int version) || version != 0)
        {
            throw new FormatException("not PKCS#10 version 1");
        }

        DistinguishedName subject = DistinguishedName.Parse(body.ReadEncodedValue());
        PublicKeyInfo key = PublicKeyInfo.Parse(body.ReadEncodedValue());
        AlternativeNames names = body.HasData ? ReadNames(body.ReadSetOf(skipSortOrderValidation: true, Attributes)) : AlternativeNames.None;
        body.ThrowIfNotEmpty();
        if (key.Algorithm is null)
        {
            throw new FormatException($"Envoy cannot use a {key.Description} key; use P-256, P-384 or RSA with 2048, 3072 or 4096 bits");
        }

        return signed.IsSignedBy(key)
            ? new CertificateSigningRequest(key, subject, names)
            : throw new FormatException("its signature was not made by its key with SHA-256 or better, so possession of the private key is not proven");
    }

    private static ReadOnlyMemory<byte> FromPem(ReadOnlySpan<byte> pem) =>
        PemDocument.Parse(pem).Blocks is [{ Label: PemLabel or "NEW CERTIFICATE REQUEST" } block]
            ? block.Der
            : throw new FormatException($"the PEM must hold exactly one {PemLabel} block");

    private static AlternativeNames ReadNames(AsnReader attributes)
    {
        AlternativeNames names = AlternativeNames.None;
        bool seen = false;
        while (attributes.HasData)
        {
            AsnReader attribute = attributes.ReadSequence();
            if (attribute.ReadObjectIdentifier() != Oids.ExtensionRequest)
            {
                continue;
            }

            if (seen)
            {
                throw new FormatException("it holds two extension requests");
            }

            seen = true;
            AsnReader values = attribute.ReadSetOf();
            names = CertificateExtensions.Parse(values.ReadSequence()).AlternativeNames;
            values.ThrowIfNotEmpty();
        }

        return names;
    }
}
