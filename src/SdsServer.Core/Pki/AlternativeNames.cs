using System.Formats.Asn1;
using System.Net;

namespace SdsServer.Core.Pki;

/// <summary>A SubjectAlternativeName (RFC 5280 4.2.1.6).</summary>
public sealed class AlternativeNames
{
    private static readonly string[] Kinds = ["other name", "e-mail", "DNS", "X.400", "directory name", "EDI", "URI", "IP address", "registered ID"];
    private static readonly Asn1Tag Dns = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);
    private static readonly Asn1Tag Ip = new(TagClass.ContextSpecific, 7);

    private AlternativeNames(List<string> uris, List<string> dnsNames, List<string> otherKinds)
    {
        Uris = uris;
        DnsNames = dnsNames;
        OtherKinds = otherKinds;
    }

    /// <summary>The URIs; an SVID has exactly one.</summary>
    public IReadOnlyList<string> Uris { get; }

    /// <summary>The DNS names.</summary>
    public IReadOnlyList<string> DnsNames { get; }

    /// <summary>One entry ("e-mail", "IP address", …) for each name that is neither.</summary>
    public IReadOnlyList<string> OtherKinds { get; }

    internal static AlternativeNames None { get; } = new([], [], []);

    internal static AlternativeNames Parse(ReadOnlyMemory<byte> der)
    {
        List<string> uris = [], dnsNames = [], otherKinds = [];
        AsnReader reader = new(der, AsnEncodingRules.DER);
        AsnReader names = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        while (names.HasData)
        {
            Asn1Tag tag = names.PeekTag();
            if (tag.HasSameClassAndValue(Uri))
            {
                uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, Uri));
            }
            else if (tag.HasSameClassAndValue(Dns))
            {
                dnsNames.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, Dns));
            }
            else
            {
                names.ReadEncodedValue();
                otherKinds.Add(tag.TagClass == TagClass.ContextSpecific && tag.TagValue < Kinds.Length ? Kinds[tag.TagValue] : "unknown name");
            }
        }

        return new AlternativeNames(uris, dnsNames, otherKinds);
    }

    internal static void Write(AsnWriter writer, string uri, IReadOnlyList<string> dnsNames, IReadOnlyList<IPAddress> addresses)
    {
        using AsnWriter.Scope names = writer.PushSequence();
        writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, Uri);
        foreach (string name in dnsNames)
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, name, Dns);
        }

        foreach (IPAddress address in addresses)
        {
            writer.WriteOctetString(address.GetAddressBytes(), Ip);
        }
    }
}
