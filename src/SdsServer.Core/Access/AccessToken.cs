using System.Collections.Immutable;

namespace SdsServer.Core.Access;

/// <summary>A bearer token bound to one workload identity. The token itself is shown once, when it is made, and never stored.</summary>
public sealed record AccessToken
{
    /// <summary>Resource id; the first part of the token's text, so that a lookup needs no scan.</summary>
    public required string Id { get; init; }

    public required string DisplayName { get; init; }

    /// <summary>The workload that presents it; of a token for joining, whom its bearer may become: a <see cref="SpiffeIdTemplate"/>.</summary>
    public required string SpiffeId { get; init; }

    /// <summary>DNS names its leaves carry.</summary>
    public ImmutableArray<string> DnsNames { get; init; } = [];

    /// <summary>True for a consumer of the bundle that never takes a leaf: it enters the roster.</summary>
    public bool BundleOnly { get; init; }

    /// <summary>SHA-256 of the token's secret part.</summary>
    public required ImmutableArray<byte> Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The operator who made it; empty where that was not recorded.</summary>
    public string CreatedBy { get; init; } = "";

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Set for a token for joining, which opens no stream; null for one that does.</summary>
    public JoinTerms? Join { get; init; }

    /// <summary>When a token for joining was last used; null for never, and for any other token.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}
