using System.Collections.Immutable;
using SdsServer.Core.Access;
using SdsServer.Core.Pki;

namespace SdsServer.Identity.Registrations;

/// <summary>A registration as a file has it.</summary>
internal sealed record RegistrationEntry
{
    public string? Id { get; init; }

    public string? DisplayName { get; init; }

    public IReadOnlyList<string?>? Selectors { get; init; }

    public string? SpiffeId { get; init; }

    public IReadOnlyList<string?>? DnsNames { get; init; }

    public TimeSpan? LeafLifetime { get; init; }

    public TimeSpan? MinLeafLifetime { get; init; }

    public TimeSpan? MaxLeafLifetime { get; init; }

    public KeyAlgorithm? KeyAlgorithm { get; init; }

    public IReadOnlyList<string?>? SecretNames { get; init; }

    public IReadOnlyDictionary<string, string?>? Labels { get; init; }

    public IReadOnlyList<string?>? Peers { get; init; }

    public bool BundleOnly { get; init; }

    /// <summary>What it means. What is null is empty, and as wrong as that.</summary>
    public Registration ToRegistration() => new()
    {
        Id = Id ?? "",
        DisplayName = DisplayName ?? "",
        Selectors = Texts(Selectors),
        SpiffeId = SpiffeId ?? "",
        DnsNames = Texts(DnsNames),
        Leaf = new LeafTerms(LeafLifetime, MinLeafLifetime, MaxLeafLifetime, KeyAlgorithm),
        SecretNames = Texts(SecretNames),
        Labels = (Labels ?? ImmutableDictionary<string, string?>.Empty).ToImmutableSortedDictionary(label => label.Key, label => label.Value ?? "", StringComparer.Ordinal),
        Peers = Texts(Peers),
        BundleOnly = BundleOnly,
    };

    private static ImmutableArray<string> Texts(IReadOnlyList<string?>? texts) => [.. (texts ?? []).Select(text => text ?? "")];
}
