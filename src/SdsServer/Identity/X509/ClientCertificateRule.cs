using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

/// <summary>A checked <see cref="ClientCertificateOptions"/>.</summary>
internal sealed record ClientCertificateRule
{
    private const string CommonNameOid = "2.5.4.3";

    private readonly NameSource _source;
    private readonly NamePattern? _pattern;
    private readonly SegmentTemplate? _spiffeId;
    private readonly ImmutableArray<SegmentTemplate> _dnsNames;
    private readonly bool _bundleOnly;

    private ClientCertificateRule(ClientCertificateOptions options, string where, TrustDomain trustDomain, List<string> errors)
    {
        CaFile = options.CaFile;
        CrlFiles = [.. options.CrlFiles];
        _bundleOnly = options.BundleOnly;
        (NameSource Source, string Text)[] patterns =
            [.. new[] { (NameSource.Uri, options.Uri), (NameSource.Dns, options.Dns), (NameSource.CommonName, options.CommonName) }.Where(pattern => pattern.Item2.Length > 0)];
        Require(CaFile.Length > 0, "CaFile", "the authority's certificates are required");
        Require(!CrlFiles.Contains(""), "CrlFiles", "an entry is empty; name a file, or leave it out");
        Require(patterns.Length == 1, "", "one of Uri, Dns and CommonName is required, and only one: which name of a certificate says who it is");
        if (patterns is not [var (source, text)])
        {
            return;
        }

        _source = source;
        try
        {
            char? separator = source switch { NameSource.Uri => '/', NameSource.Dns => '.', _ => null };
            NamePattern pattern = _pattern = NamePattern.Parse(text, separator);
            _spiffeId = SegmentTemplate.ForSpiffeId(options.SpiffeId, trustDomain.Name, RefusePlace);
            SpiffeId id = Core.Pki.SpiffeId.Parse(_spiffeId.FillWith("x"));
            Require(
                id.TrustDomain.Equals(trustDomain) && id.IsWorkload && _spiffeId.FillWith("y").StartsWith($"{trustDomain.Uri}/", StringComparison.Ordinal),
                "SpiffeId", $"'{options.SpiffeId}' must be a workload of this trust domain, such as spiffe://{{trustDomain}}/ns/shop/sa/cart");
            _dnsNames = [.. options.DnsNames.Select(name => SegmentTemplate.ForDnsName(name, trustDomain.Name, RefusePlace))];
            foreach (SegmentTemplate name in _dnsNames)
            {
                string? wrong = DnsName.Refuse(name.FillWith("x"));
                Require(wrong is null, "DnsNames", $"'{name.FillWith("x")}': {wrong}");
            }

            string? RefusePlace(string place) =>
                pattern.Places.Contains(place, StringComparer.Ordinal) ? null : $"'{{{place}}}' is neither {{trustDomain}} nor a place of '{text}'";
        }
        catch (FormatException wrong)
        {
            Require(false, "", wrong.Message);
        }

        void Require(bool holds, string name, string otherwise)
        {
            if (!holds)
            {
                errors.Add($"{where}{(name.Length > 0 ? ":" : "")}{name}: {otherwise}");
            }
        }
    }

    public string CaFile { get; }

    /// <summary>Empty: nothing is revoked.</summary>
    public ImmutableArray<string> CrlFiles { get; }

    /// <summary>What the list means; what is wrong is reported.</summary>
    public static ImmutableArray<ClientCertificateRule> Read(List<ClientCertificateOptions> options, TrustDomain trustDomain, List<string> errors)
    {
        ImmutableArray<ClientCertificateRule> rules =
            [.. options.Select((rule, index) => new ClientCertificateRule(rule, $"SdsServer:ClientCertificates:{index}", trustDomain, errors))];

        // A certificate that one entry finds revoked would come in by the other.
        foreach (IGrouping<string, ClientCertificateRule> same in rules.GroupBy(rule => rule.CaFile).Where(same => same.Any(rule => !rule.CrlFiles.SequenceEqual(same.First().CrlFiles))))
        {
            errors.Add($"SdsServer:ClientCertificates: entries with the CaFile '{same.Key}' have different CrlFiles; give all of them the same");
        }

        return rules;
    }

    /// <summary>Whom a certificate of this authority names; null when its names do not fit.</summary>
    /// <exception cref="CertificateRefusedException">Its names fit for more than one workload, or make no name.</exception>
    public Workload? Identify(Certificate leaf)
    {
        Workload[] workloads = [.. NamesOf(leaf).Select(_pattern!.Match).OfType<IReadOnlyDictionary<string, string>>().Select(Fill).DistinctBy(workload => workload.SpiffeId)];
        return workloads.Length switch
        {
            0 => null,
            1 => workloads[0],
            _ => throw new CertificateRefusedException(CertificateRefusal.NoRule, $"its names stand for {workloads.Length} workloads, '{workloads[0].SpiffeId}' and '{workloads[1].SpiffeId}' among them"),
        };
    }

    private Workload Fill(IReadOnlyDictionary<string, string> values)
    {
        string? filled = _spiffeId!.Fill(values.GetValueOrDefault);
        if (!Core.Pki.SpiffeId.TryParse(filled ?? "", out SpiffeId? id, out string? reason))
        {
            throw new CertificateRefusedException(CertificateRefusal.NoRule, $"its names make no SPIFFE ID: {reason}");
        }

        string[] names = [.. _dnsNames.Select(template => template.Fill(values.GetValueOrDefault) ?? "")];
        return Array.Find(names, name => DnsName.Refuse(name) is not null) is { } wrong
            ? throw new CertificateRefusedException(CertificateRefusal.NoRule, $"its names make no DNS name of '{wrong}'")
            : new Workload(id.ToString(), [.. names], _bundleOnly);
    }

    private IReadOnlyList<string> NamesOf(Certificate leaf) => _source switch
    {
        NameSource.Dns => leaf.AlternativeNames.DnsNames,
        NameSource.Uri => leaf.AlternativeNames.Uris is [string only] ? [only] : [],
        _ => CommonNamesOf(leaf) is [string only] ? [only] : [],
    };

    // A second common name, or one in a relative name of several attributes, may be what another program takes: such a subject names nobody.
    private static List<string> CommonNamesOf(Certificate leaf)
    {
        try
        {
            List<string> names = [];
            foreach (X500RelativeDistinguishedName part in new X500DistinguishedName(leaf.Subject.Der.Span).EnumerateRelativeDistinguishedNames())
            {
                if (part.HasMultipleElements)
                {
                    return [];
                }

                if (part.GetSingleElementType().Value == CommonNameOid && part.GetSingleElementValue() is { } name)
                {
                    names.Add(name);
                }
            }

            return names;
        }
        catch (CryptographicException)
        {
            return [];
        }
    }
}
