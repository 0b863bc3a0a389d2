using System.Collections.Immutable;

namespace SdsServer.Core.Enrolment;

/// <summary>What signs the certificates by which enrolled clients are known. No root of the mesh: it is in no trust bundle, and no peer believes it. The key is not part of it.</summary>
public sealed record EnrolmentAuthority
{
    /// <summary>Begins with <see cref="IdPrefix"/>; its key is stored under it.</summary>
    public required string Id { get; init; }

    /// <summary>The self-signed certificate, DER.</summary>
    public required ImmutableArray<byte> Certificate { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>When another one took its place and its key was deleted; null for the one that signs.</summary>
    public DateTimeOffset? ReplacedAt { get; init; }

    /// <summary>No authority of the mesh can have such an id: its alphabet has no slash.</summary>
    public const string IdPrefix = "enrolment/";
}
