using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>An X.509 certificate (RFC 5280), parsed and immutable; equal by its DER. Knows what it says, not whether anyone should believe it.</summary>
public sealed class Certificate : IEquatable<Certificate>
{
    internal const string PemLabel = "CERTIFICATE";
    private readonly byte[] _der;
    private readonly SignedData _signed;
    private readonly CertificateExtensions _extensions;
    private string? _fingerprint;

    private Certificate(byte[] der)
    {
        _der = der;
        _signed = SignedData.Parse(der);
        AsnReader body = new AsnReader(_signed.Body, AsnEncodingRules.DER).ReadSequence();
        Asn1Tag version = new(TagClass.ContextSpecific, 0);
        if (!body.PeekTag().HasSameClassAndValue(version) || !body.ReadSequence(version).TryReadInt32(out int number) || number != 2)
        {
            throw new FormatException("certificate: not X.509 version 3");
        }

        ReadOnlyMemory<byte> serial = body.ReadIntegerBytes();
        Serial = Convert.ToHexStringLower(serial.Span[0] == 0 && serial.Length > 1 ? serial.Span[1..] : serial.Span);
        SerialBytes = serial;
        if (!body.ReadEncodedValue().Span.SequenceEqual(_signed.Algorithm.Span))
        {
            throw new FormatException("certificate: the signature algorithm inside differs from the one outside");
        }

        Issuer = DistinguishedName.Parse(body.ReadEncodedValue());
        AsnReader validity = body.ReadSequence();
        NotBefore = X509Time.Read(validity);
        NotAfter = X509Time.Read(validity);
        validity.ThrowIfNotEmpty();
        Subject = DistinguishedName.Parse(body.ReadEncodedValue());
        PublicKey = PublicKeyInfo.Parse(body.ReadEncodedValue());
        Asn1Tag extensions = new(TagClass.ContextSpecific, 3);
        AsnReader? list = null;
        if (body.HasData && body.PeekTag().HasSameClassAndValue(extensions))
        {
            AsnReader tagged = body.ReadSequence(extensions);
            list = tagged.ReadSequence();
            tagged.ThrowIfNotEmpty();
        }

        body.ThrowIfNotEmpty(); // unique identifiers (version 2) are refused with it
        _extensions = CertificateExtensions.Parse(list);
    }

    /// <summary>The whole certificate.</summary>
    public ReadOnlyMemory<byte> Der => _der;

    /// <summary>Whom it is about; empty on our leaves.</summary>
    public DistinguishedName Subject { get; }

    /// <summary>The name of who signed it.</summary>
    public DistinguishedName Issuer { get; }

    /// <summary>The serial number in lower-case hex without leading zero octet, as Envoy's /certs shows it.</summary>
    public string Serial { get; }

    /// <summary>First instant of validity.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Last instant of validity; Envoy refuses it from then on.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>The key it vouches for.</summary>
    public PublicKeyInfo PublicKey { get; }

    /// <summary>CA:TRUE.</summary>
    public bool IsAuthority => _extensions.IsAuthority;

    /// <summary>How many intermediates may stand below, or null for no limit.</summary>
    public int? PathLength => _extensions.PathLength;

    /// <summary>Key usage, or null without that extension.</summary>
    public X509KeyUsageFlags? KeyUsage => _extensions.KeyUsage;

    /// <summary>OIDs of the extended key usage, or null without that extension.</summary>
    public IReadOnlyList<string>? ExtendedKeyUsage => _extensions.ExtendedKeyUsage;

    /// <summary>Subject key identifier, or null.</summary>
    public ReadOnlyMemory<byte>? SubjectKeyIdentifier => _extensions.SubjectKeyIdentifier;

    /// <summary>Key identifier of the issuer, or null.</summary>
    public ReadOnlyMemory<byte>? AuthorityKeyIdentifier => _extensions.AuthorityKeyIdentifier;

    /// <summary>The subject's other names.</summary>
    public AlternativeNames AlternativeNames => _extensions.AlternativeNames;

    /// <summary>Whether the other names are critical, as they must be under an empty subject.</summary>
    public bool AlternativeNamesCritical => _extensions.AlternativeNamesCritical;

    /// <summary>SHA-256 of the DER in lower-case hex.</summary>
    public string Fingerprint => _fingerprint ??= Convert.ToHexStringLower(SHA256.HashData(_der));

    /// <summary>Issuer and subject are the same name.</summary>
    public bool IsSelfIssued => Subject.Equals(Issuer);

    /// <summary>Signed by its own key.</summary>
    public bool IsSelfSigned => IsSelfIssued && IsSignedBy(PublicKey);

    internal ReadOnlyMemory<byte> SerialBytes { get; }

    internal NameConstraints? NameConstraints => _extensions.NameConstraints;

    internal IReadOnlyList<string> UnknownCriticalExtensions => _extensions.UnknownCritical;

    /// <summary>Reads one DER certificate without trailing bytes.</summary>
    /// <exception cref="FormatException">Not one certificate, or one that breaks RFC 5280.</exception>
    public static Certificate Parse(ReadOnlySpan<byte> der)
    {
        try
        {
            return new Certificate(der.ToArray());
        }
        catch (Exception error) when (error is AsnContentException or OverflowException or IndexOutOfRangeException)
        {
            throw new FormatException($"certificate: malformed DER ({error.Message})", error);
        }
    }

    /// <inheritdoc cref="Parse"/>
    public static bool TryParse(ReadOnlySpan<byte> der, [NotNullWhen(true)] out Certificate? certificate, [NotNullWhen(false)] out string? reason)
    {
        try
        {
            (certificate, reason) = (Parse(der), null);
            return true;
        }
        catch (FormatException error)
        {
            (certificate, reason) = (null, error.Message);
            return false;
        }
    }

    /// <summary>Reads PEM that holds certificates and nothing else but text between the blocks, in file order.</summary>
    /// <exception cref="FormatException">A broken block, another kind of block (a private key, say), or a malformed certificate.</exception>
    public static IReadOnlyList<Certificate> ParsePem(ReadOnlySpan<byte> pem)
    {
        PemDocument document = PemDocument.Parse(pem);
        List<Certificate> certificates = [];
        foreach (PemBlock block in document.Blocks)
        {
            certificates.Add(block.Label == PemLabel
                ? Parse(block.Der.Span)
                : throw new FormatException($"PEM: a {block.Label} block where only certificates belong"));
        }

        return certificates;
    }

    /// <summary>The certificate as one PEM block.</summary>
    public byte[] ToPem() => PemEncoder.Encode(PemLabel, _der);

    /// <summary>The issuer's name fits and its key made the signature. Says nothing about dates or the issuer's right to sign.</summary>
    public bool IsSignedBy(Certificate issuer)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        return NamesAsIssuer(issuer) && IsSignedBy(issuer.PublicKey);
    }

    /// <summary>The candidate's name, and its key identifier where both have one, are those this certificate gives for its issuer (BoringSSL's check before any signature).</summary>
    internal bool NamesAsIssuer(Certificate candidate) =>
        Issuer.Equals(candidate.Subject)
        && (AuthorityKeyIdentifier is not { } wanted || candidate.SubjectKeyIdentifier is not { } held || wanted.Span.SequenceEqual(held.Span))
        && (_extensions.AuthoritySerial is not { } serial || serial.Span.SequenceEqual(candidate.SerialBytes.Span))
        && (_extensions.AuthorityIssuer is not { } issuer || issuer.Equals(candidate.Issuer));

    internal bool IsSignedBy(PublicKeyInfo key) => _signed.IsSignedBy(key);

    internal bool HasKnownSignatureAlgorithm => _signed.HasKnownAlgorithm;

    /// <inheritdoc/>
    public bool Equals(Certificate? other) => other is not null && _der.AsSpan().SequenceEqual(other._der);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Certificate);

    /// <inheritdoc/>
    public override int GetHashCode() => Serial.GetHashCode(StringComparison.Ordinal);

    /// <summary>Subject or first URI, serial and end of validity.</summary>
    public override string ToString() =>
        $"{(!Subject.IsEmpty ? Subject.ToString() : AlternativeNames.Uris is [string uri, ..] ? uri : "(no name)")} serial {Serial} until {NotAfter:yyyy-MM-dd HH:mm:ss}Z";
}
