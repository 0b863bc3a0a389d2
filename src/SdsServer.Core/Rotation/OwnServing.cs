using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>
/// Under which authority the server's own serving certificate is: the one that proxies look at when they connect over TLS. They know it by
/// the anchors of their bootstraps, which no bundle replaces, so it does not simply follow the signer. Part of the durable <see cref="TrustState"/>.
/// </summary>
public sealed record OwnServing
{
    /// <summary>The authority that signs it.</summary>
    public required string AuthorityId { get; init; }

    /// <summary>Since when it waits for proxies that are not known to accept the signer's root; null while it does not wait.</summary>
    public DateTimeOffset? WaitsSince { get; init; }

    /// <summary>Proxies that count, or were connected at its last move, are not known to accept the root: they may have lost their link, and cannot come back.</summary>
    public bool LeavesBehind { get; init; }

    /// <summary>What operators have confirmed, at most once for each instance.</summary>
    public ImmutableArray<ConfirmedAnchors> Confirmed { get; init; } = [];
}
