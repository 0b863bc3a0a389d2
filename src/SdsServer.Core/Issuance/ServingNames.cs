using System.Collections.Immutable;
using System.Net;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Issuance;

/// <summary>What the server's own serving certificate says. Valid by construction.</summary>
public sealed class ServingNames
{
    private ServingNames(SpiffeId id, ImmutableArray<string> dnsNames, ImmutableArray<IPAddress> addresses) => (Id, DnsNames, Addresses) = (id, dnsNames, addresses);

    /// <summary><c>spiffe://TRUST-DOMAIN/sds-server</c>.</summary>
    public SpiffeId Id { get; }

    /// <summary>By which clients connect.</summary>
    public ImmutableArray<string> DnsNames { get; }

    /// <summary>At which clients connect.</summary>
    public ImmutableArray<IPAddress> Addresses { get; }

    /// <summary>Reads names.</summary>
    /// <param name="names">DNS names and IP addresses.</param>
    /// <exception cref="FormatException">One is neither; says which.</exception>
    public static ServingNames Read(TrustDomain trustDomain, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        ArgumentNullException.ThrowIfNull(names);
        List<string> dns = [];
        List<IPAddress> addresses = [];
        foreach (string name in names)
        {
            // "1" and "1.2" parse as addresses, too, in a spelling nobody means.
            if (IPAddress.TryParse(name, out IPAddress? address) && (name.Contains(':', StringComparison.Ordinal) || name.Count(letter => letter == '.') == 3))
            {
                addresses.Add(address);
            }
            else if (DnsName.Refuse(name) is { } reason)
            {
                throw new FormatException($"'{name}' is neither an IP address nor a DNS name: {reason}");
            }
            else
            {
                dns.Add(name);
            }
        }

        return new ServingNames(SpiffeId.Parse($"{trustDomain.Uri}/sds-server"), [.. dns.Distinct(StringComparer.Ordinal)], [.. addresses.Distinct()]);
    }

    /// <summary>A leaf of this workload could be shown in this server's place: proxies know the server by its name under the same roots.</summary>
    public bool IsTakenBy(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        return workload.SpiffeId == Id.ToString() || workload.DnsNames.Any(name => DnsNames.Contains(name, StringComparer.OrdinalIgnoreCase));
    }
}
