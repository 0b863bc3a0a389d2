using System.Net;

namespace SdsServer.Core.Pki;

/// <summary>What a leaf shall say.</summary>
/// <param name="Id">The workload's ID, the only URI name.</param>
public sealed record LeafRequest(SpiffeId Id)
{
    /// <summary>DNS names, lower case, no wildcards, at most 64.</summary>
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    /// <summary>IP addresses; only the server's own certificate has any.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Wanted lifetime, or null for the policy's default.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>A time before that of issue at which it must be valid already: what the clock may really say while it is in doubt.</summary>
    public DateTimeOffset? ValidAt { get; init; }
}
