using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>A root certificate that is, or was, in the trust bundle.</summary>
public sealed record TrustRoot
{
    /// <summary>Lower-case hex of the first 16 bytes of SHA-256 over the certificate's DER.</summary>
    public required string Id { get; init; }

    /// <summary>The certificate, DER.</summary>
    public required ImmutableArray<byte> Certificate { get; init; }

    /// <summary>The epoch it was last added at; null if it never was.</summary>
    public long? Since { get; init; }

    /// <summary>The epoch that dropped it; null while it is in the bundle or was never added.</summary>
    public long? DroppedAt { get; init; }

    /// <summary>UTC time of that drop; null too where an older version of the server dropped it.</summary>
    public DateTimeOffset? DroppedTime { get; init; }

    /// <summary>When the floor reached <see cref="Since"/>; null before. The trust soak counts from here.</summary>
    public DateTimeOffset? SafeAt { get; init; }
}
