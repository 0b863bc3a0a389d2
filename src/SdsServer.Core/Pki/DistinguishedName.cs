using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SdsServer.Core.Pki;

/// <summary>
/// An X.501 name. Equal as OpenSSL and BoringSSL see it: string type, case and runs of spaces do not count,
/// so two roots whose names differ only in those are one name to Envoy.
/// </summary>
public sealed class DistinguishedName : IEquatable<DistinguishedName>
{
    private readonly byte[] _der;
    private readonly byte[] _canonical;

    private DistinguishedName(byte[] der, byte[] canonical)
    {
        _der = der;
        _canonical = canonical;
    }

    /// <summary>The name as it stands in the certificate.</summary>
    public ReadOnlyMemory<byte> Der => _der;

    /// <summary>True for a name without any attribute.</summary>
    public bool IsEmpty => _canonical.Length == 0;

    internal static DistinguishedName Empty { get; } = Parse(new byte[] { 0x30, 0x00 });

    /// <summary>Reads the DER of a name.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static DistinguishedName Read(ReadOnlyMemory<byte> der)
    {
        try
        {
            return Parse(der);
        }
        catch (AsnContentException error)
        {
            throw new FormatException($"no X.501 name ({error.Message})", error);
        }
    }

    internal static DistinguishedName Parse(ReadOnlyMemory<byte> der)
    {
        AsnReader reader = new(der, AsnEncodingRules.DER);
        AsnReader sequence = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        AsnWriter canonical = new(AsnEncodingRules.DER);
        while (sequence.HasData)
        {
            AsnReader set = sequence.ReadSetOf(skipSortOrderValidation: true);
            using AsnWriter.Scope relative = canonical.PushSetOf();
            while (set.HasData)
            {
                AsnReader attribute = set.ReadSequence();
                using AsnWriter.Scope pair = canonical.PushSequence();
                canonical.WriteObjectIdentifier(attribute.ReadObjectIdentifier());
                WriteCanonical(canonical, attribute);
                attribute.ThrowIfNotEmpty();
            }
        }

        return new DistinguishedName(der.ToArray(), canonical.Encode());
    }

    internal static DistinguishedName Create(params ReadOnlySpan<(string Oid, string Value)> attributes)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach ((string oid, string value) in attributes)
            {
                using AsnWriter.Scope set = writer.PushSetOf();
                using AsnWriter.Scope sequence = writer.PushSequence();
                writer.WriteObjectIdentifier(oid);
                writer.WriteCharacterString(oid == Oids.SerialNumber ? UniversalTagNumber.PrintableString : UniversalTagNumber.UTF8String, value);
            }
        }

        return Parse(writer.Encode());
    }

    /// <inheritdoc/>
    public bool Equals(DistinguishedName? other) => other is not null && _canonical.AsSpan().SequenceEqual(other._canonical);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DistinguishedName);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(_canonical);
        return hash.ToHashCode();
    }

    /// <summary>The name in words, most specific attribute first; "(empty)" for the empty one.</summary>
    public override string ToString()
    {
        try
        {
            return IsEmpty ? "(empty)" : new X500DistinguishedName(_der).Name;
        }
        catch (CryptographicException)
        {
            return Convert.ToHexStringLower(_der);
        }
    }

    private static void WriteCanonical(AsnWriter canonical, AsnReader attribute)
    {
        Asn1Tag tag = attribute.PeekTag();
        UniversalTagNumber? type = tag.TagClass == TagClass.Universal ? (UniversalTagNumber)tag.TagValue : null;
        if (type is UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String
            or UniversalTagNumber.VisibleString or UniversalTagNumber.BMPString or UniversalTagNumber.T61String)
        {
            canonical.WriteCharacterString(UniversalTagNumber.UTF8String, Fold(attribute.ReadCharacterString(type.Value)));
        }
        else
        {
            canonical.WriteEncodedValue(attribute.ReadEncodedValue().Span);
        }
    }

    // What BoringSSL's canonical form does: ASCII lower case, ASCII white space trimmed at the ends and folded to one space.
    private static string Fold(string value)
    {
        StringBuilder folded = new(value.Length);
        foreach (string word in value.Split([' ', '\t', '\n', '\v', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            folded.Append(folded.Length == 0 ? "" : " ");
            foreach (char c in word)
            {
                folded.Append(char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c);
            }
        }

        return folded.ToString();
    }
}
