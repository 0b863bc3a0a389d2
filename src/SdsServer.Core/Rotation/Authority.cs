using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>Something that can sign leaves: a root, or an intermediate below one. The key is not part of it.</summary>
public sealed record Authority
{
    /// <summary>Resource id, lower-case letters, digits and dashes.</summary>
    public required string Id { get; init; }

    public required AuthorityProvider Provider { get; init; }

    /// <summary>DER certificates, the signing one first, its root last; one element where the root signs.</summary>
    public required ImmutableArray<ImmutableArray<byte>> Chain { get; init; }

    /// <summary>The <see cref="TrustRoot.Id"/> the chain ends at.</summary>
    public required string RootId { get; init; }

    /// <summary>Known to be stolen: never signs again.</summary>
    public bool Tainted { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }
}
