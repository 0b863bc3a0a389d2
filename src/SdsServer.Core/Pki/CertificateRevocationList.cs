using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Core.Pki;

/// <summary>
/// A certificate revocation list (RFC 5280 section 5), full and direct; immutable. Envoy ACKs a garbage, foreign or expired list
/// and then fails every handshake, so each is parsed and checked here before it is published.
/// </summary>
public sealed class CertificateRevocationList
{
    internal const string PemLabel = "X509 CRL";
    private readonly byte[] _der;
    private readonly SignedData _signed;
    private readonly HashSet<string> _serials = [];

    private CertificateRevocationList(byte[] der)
    {
        _der = der;
        _signed = SignedData.Parse(der);
        AsnReader body = new AsnReader(_signed.Body, AsnEncodingRules.DER).ReadSequence();
        if (!body.TryReadInt32(out int version) || version != 1)
        {
            throw new FormatException("revocation list: not version 2");
        }

        if (!body.ReadEncodedValue().Span.SequenceEqual(_signed.Algorithm.Span))
        {
            throw new FormatException("revocation list: the signature algorithm inside differs from the one outside");
        }

        Issuer = DistinguishedName.Parse(body.ReadEncodedValue());
        ThisUpdate = X509Time.Read(body);
        NextUpdate = body.HasData && body.PeekTag() is { TagClass: TagClass.Universal, TagValue: (int)UniversalTagNumber.UtcTime or (int)UniversalTagNumber.GeneralizedTime }
            ? X509Time.Read(body)
            : throw new FormatException("revocation list: it has no nextUpdate, so nobody can tell when it is stale");
        if (body.HasData && body.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            ReadRevoked(body.ReadSequence());
        }

        ReadExtensions(body);
        body.ThrowIfNotEmpty();
    }

    /// <summary>The whole list.</summary>
    public ReadOnlyMemory<byte> Der => _der;

    /// <summary>The authority that signed it.</summary>
    public DistinguishedName Issuer { get; }

    /// <summary>Rises with each list; zero if it has none.</summary>
    public BigInteger Number { get; private set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset ThisUpdate { get; }

    /// <summary>When it goes stale; from then on Envoy refuses everyone.</summary>
    public DateTimeOffset NextUpdate { get; }

    /// <summary>Revoked serial numbers in lower-case hex, as <see cref="Certificate.Serial"/>.</summary>
    public IReadOnlySet<string> Serials => _serials;

    /// <summary>Reads one DER list without trailing bytes.</summary>
    /// <exception cref="FormatException">Not a list, a delta or indirect one, or one with a critical extension nobody here understands.</exception>
    public static CertificateRevocationList Parse(ReadOnlySpan<byte> der)
    {
        try
        {
            return new CertificateRevocationList(der.ToArray());
        }
        catch (AsnContentException error)
        {
            throw new FormatException($"revocation list: malformed DER ({error.Message})", error);
        }
    }

    /// <summary>Reads PEM that holds revocation lists and nothing else but text between the blocks, in file order.</summary>
    /// <exception cref="FormatException">A broken block, another kind of block, or a malformed list.</exception>
    public static IReadOnlyList<CertificateRevocationList> ParsePem(ReadOnlySpan<byte> pem) =>
        [.. PemDocument.Parse(pem).Blocks.Select(block => block.Label == PemLabel
            ? Parse(block.Der.Span)
            : throw new FormatException($"PEM: a {block.Label} block where only revocation lists belong"))];

    /// <summary>Reads what a file of lists holds: one in DER, or any number in PEM.</summary>
    /// <exception cref="FormatException">Neither, or a malformed list.</exception>
    public static IReadOnlyList<CertificateRevocationList> ParseFile(ReadOnlySpan<byte> content) =>
        content.IndexOf("-----BEGIN "u8) >= 0 ? ParsePem(content) : [Parse(content)];

    /// <summary>Signs a new list.</summary>
    /// <param name="authority">Whose certificates are revoked.</param>
    /// <param name="revoked">Serial numbers in hex with the time of revocation.</param>
    /// <param name="number">Larger than that of any list before.</param>
    /// <param name="thisUpdate">Now.</param>
    /// <param name="nextUpdate">When the next list will be out at the latest, with room to spare.</param>
    public static CertificateRevocationList Create(
        SigningAuthority authority,
        IEnumerable<KeyValuePair<string, DateTimeOffset>> revoked,
        BigInteger number,
        DateTimeOffset thisUpdate,
        DateTimeOffset nextUpdate)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(revoked);
        if (nextUpdate <= thisUpdate || number.Sign < 0)
        {
            throw new ArgumentException("a revocation list needs a nextUpdate after its thisUpdate and a number from 0 up");
        }

        AsnWriter body = new(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            body.WriteInteger(1);
            body.WriteEncodedValue(SignatureAlgorithm.For(authority.Key.Algorithm).Identifier);
            body.WriteEncodedValue(authority.Certificate.Subject.Der.Span);
            X509Time.Write(body, X509Time.WholeSeconds(thisUpdate));
            X509Time.Write(body, X509Time.WholeSeconds(nextUpdate));
            WriteRevoked(body, [.. revoked]);
            using (body.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (body.PushSequence())
            {
                body.WriteEncodedValue(CertificateWriter.AuthorityKeyIdentifier(authority.IssuerKeyIdentifier));
                CertificateWriter.WriteExtension(body, Oids.CrlNumber, critical: false, writer => writer.WriteInteger(number));
            }
        }

        return Parse(SignedData.Sign(body, new AsnWriter(AsnEncodingRules.DER), authority.Key));
    }

    /// <summary>The list as one PEM block.</summary>
    public byte[] ToPem() => PemEncoder.Encode(PemLabel, _der);

    /// <summary>The issuer's name fits, it may sign lists, and its key made the signature.</summary>
    public bool IsSignedBy(Certificate issuer)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        return Issuer.Equals(issuer.Subject)
            && (issuer.KeyUsage is not { } usage || usage.HasFlag(X509KeyUsageFlags.CrlSign))
            && _signed.IsSignedBy(issuer.PublicKey);
    }

    /// <summary>Issuer, number and end.</summary>
    public override string ToString() => $"CRL {Number} of {Issuer} until {NextUpdate:yyyy-MM-dd HH:mm:ss}Z";

    private static void WriteRevoked(AsnWriter body, IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> revoked)
    {
        if (revoked.Count == 0)
        {
            return; // RFC 5280 5.1.2.6: the list is absent, not empty
        }

        using AsnWriter.Scope list = body.PushSequence();
        foreach ((string serial, DateTimeOffset when) in revoked)
        {
            using AsnWriter.Scope entry = body.PushSequence();
            body.WriteIntegerUnsigned(Convert.FromHexString(serial));
            X509Time.Write(body, X509Time.WholeSeconds(when));
        }
    }

    private static void RequireUncritical(AsnReader extensions)
    {
        while (extensions.HasData)
        {
            AsnReader extension = extensions.ReadSequence();
            string oid = extension.ReadObjectIdentifier();
            if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean())
            {
                throw new FormatException($"revocation list: critical extension {oid} (delta, indirect and partitioned lists are not supported)");
            }
        }
    }

    private void ReadRevoked(AsnReader revoked)
    {
        while (revoked.HasData)
        {
            AsnReader entry = revoked.ReadSequence();
            ReadOnlySpan<byte> serial = entry.ReadIntegerBytes().Span;
            _serials.Add(Convert.ToHexStringLower(serial[0] == 0 && serial.Length > 1 ? serial[1..] : serial));
            X509Time.Read(entry);
            if (entry.HasData)
            {
                RequireUncritical(entry.ReadSequence());
            }
        }
    }

    private void ReadExtensions(AsnReader body)
    {
        Asn1Tag tag = new(TagClass.ContextSpecific, 0);
        if (!body.HasData || !body.PeekTag().HasSameClassAndValue(tag))
        {
            return;
        }

        ReadOnlyMemory<byte> extensions = body.ReadSequence(tag).ReadEncodedValue();
        RequireUncritical(new AsnReader(extensions, AsnEncodingRules.DER).ReadSequence());
        for (AsnReader list = new AsnReader(extensions, AsnEncodingRules.DER).ReadSequence(); list.HasData;)
        {
            AsnReader extension = list.ReadSequence();
            if (extension.ReadObjectIdentifier() == Oids.CrlNumber)
            {
                Number = new AsnReader(extension.ReadOctetString(), AsnEncodingRules.DER).ReadInteger();
            }
        }
    }
}
