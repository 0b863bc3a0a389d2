using System.Formats.Asn1;

namespace SdsServer.Core.Pki;

/// <summary>
/// Name constraints (RFC 5280 4.2.1.10) as BoringSSL applies them to what a mesh certificate holds: URI names by host, DNS names by suffix.
/// A subtree on directory names is refused where it could bind (a certificate below with a subject): deciding it needs more than a mesh needs.
/// </summary>
internal sealed class NameConstraints
{
    private static readonly Asn1Tag Permitted = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Excluded = new(TagClass.ContextSpecific, 1);
    private const int Dns = 2, Directory = 4, Uri = 6;

    private readonly List<(int Kind, string Base)> _permitted = [];
    private readonly List<(int Kind, string Base)> _excluded = [];

    public static NameConstraints Parse(ReadOnlyMemory<byte> der)
    {
        NameConstraints result = new();
        AsnReader sequence = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        Read(sequence, Permitted, result._permitted);
        Read(sequence, Excluded, result._excluded);
        sequence.ThrowIfNotEmpty();
        return result;
    }

    /// <summary>Null if the certificate below is admitted, else why not.</summary>
    public string? Refuse(Certificate certificate)
    {
        if (!certificate.Subject.IsEmpty && _permitted.Concat(_excluded).Any(subtree => subtree.Kind == Directory))
        {
            return "it constrains directory names, which cannot be decided for a certificate with a subject";
        }

        return certificate.AlternativeNames.Uris.Select(RefuseUri).Concat(certificate.AlternativeNames.DnsNames.Select(RefuseDns)).FirstOrDefault(reason => reason is not null);
    }

    public string? RefuseUri(string uri)
    {
        int start = uri.IndexOf("://", StringComparison.Ordinal);
        string host = start < 0 ? "" : uri[(start + 3)..].Split('/', ':', '?', '#')[0];
        return Refuse(Uri, host, uri, static (host, subtree) => subtree.StartsWith('.')
            ? host.Length > subtree.Length && host.EndsWith(subtree, StringComparison.OrdinalIgnoreCase)
            : host.Equals(subtree, StringComparison.OrdinalIgnoreCase));
    }

    public string? RefuseDns(string name) => Refuse(Dns, name, name, static (name, subtree) => subtree.Length == 0
        || name.Equals(subtree, StringComparison.OrdinalIgnoreCase)
        || name.EndsWith(subtree.StartsWith('.') ? subtree : $".{subtree}", StringComparison.OrdinalIgnoreCase));

    private string? Refuse(int kind, string value, string shown, Func<string, string, bool> matches)
    {
        if (_excluded.Any(subtree => subtree.Kind == kind && matches(value, subtree.Base)))
        {
            return $"it excludes {shown}";
        }

        List<string> permitted = [.. _permitted.Where(subtree => subtree.Kind == kind).Select(subtree => subtree.Base)];
        return permitted.Count == 0 || permitted.Any(subtree => matches(value, subtree))
            ? null
            : $"it permits only {string.Join(", ", permitted)}, not {shown}";
    }

    private static void Read(AsnReader sequence, Asn1Tag tag, List<(int Kind, string Base)> subtrees)
    {
        if (!sequence.HasData || !sequence.PeekTag().HasSameClassAndValue(tag))
        {
            return;
        }

        for (AsnReader list = sequence.ReadSequence(tag); list.HasData;)
        {
            AsnReader subtree = list.ReadSequence();
            Asn1Tag name = subtree.PeekTag();
            bool readable = name is { TagClass: TagClass.ContextSpecific, TagValue: Dns or Uri };
            string text = readable ? subtree.ReadCharacterString(UniversalTagNumber.IA5String, name) : "";
            if (!readable)
            {
                subtree.ReadEncodedValue();
            }

            if (subtree.HasData)
            {
                throw new FormatException("certificate: name constraints with a minimum or maximum (RFC 5280 forbids them)");
            }

            subtrees.Add((name.TagValue, text));
        }
    }
}
