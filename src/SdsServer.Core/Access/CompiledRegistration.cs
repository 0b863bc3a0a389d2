using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Access;

/// <summary>A good registration, read once.</summary>
internal sealed class CompiledRegistration
{
    private readonly SegmentTemplate _spiffeId;
    private readonly ImmutableArray<SegmentTemplate> _dnsNames;
    private readonly PeerRules _peers;

    public CompiledRegistration(Registration registration, TrustDomain trustDomain)
    {
        Registration = registration;
        Selectors = [.. registration.Selectors.Select(Parse)];
        _spiffeId = RegistrationRules.SpiffeIdTemplate(registration, trustDomain);
        _dnsNames = [.. registration.DnsNames.Select(name => RegistrationRules.DnsNameTemplate(name, trustDomain))];
        _peers = new PeerRules(registration.Peers);
    }

    public Registration Registration { get; }

    public ImmutableArray<Selector> Selectors { get; }

    /// <summary>Its ID has no places to be filled.</summary>
    public bool IsExact => _spiffeId.Places.IsEmpty;

    /// <summary>The ID for a caller with these facts; null when they cannot fill it.</summary>
    public string? IdOf(IReadOnlyCollection<Selector> facts) =>
        _spiffeId.Fill(place => Value(facts, place)) is { } id && SpiffeId.TryParse(id, out _, out _) ? id : null;

    /// <summary>What it makes of a caller with these facts; null when they cannot fill its names.</summary>
    /// <param name="id">From <see cref="IdOf"/>.</param>
    /// <param name="facts">What the caller has shown.</param>
    /// <param name="named">Whom the evidence itself names, if it is the same ID.</param>
    public Workload? WorkloadOf(string id, IReadOnlyCollection<Selector> facts, Workload? named)
    {
        ImmutableArray<string?> names = [.. _dnsNames.Select(template => template.Fill(place => Value(facts, place)))];
        if (names.Any(name => name is null || DnsName.Refuse(name) is not null))
        {
            return null;
        }

        return new Workload(id, names.IsEmpty ? named?.DnsNames ?? [] : [.. names.OfType<string>()], Registration.BundleOnly || named is { BundleOnly: true })
        {
            Leaf = Registration.Leaf,
            SecretNames = Registration.SecretNames,
            Labels = Registration.Labels,
            Peers = _peers,
        };
    }

    // Of two values neither is the one.
    private static string? Value(IReadOnlyCollection<Selector> facts, string kind)
    {
        string? found = null;
        foreach (Selector fact in facts.Where(fact => fact.Kind == kind))
        {
            if (found is not null)
            {
                return null;
            }

            found = fact.Value;
        }

        return found;
    }

    private static Selector Parse(string text) =>
        Selector.TryParse(text, out Selector? selector, out string? reason) ? selector : throw new FormatException(reason);
}
