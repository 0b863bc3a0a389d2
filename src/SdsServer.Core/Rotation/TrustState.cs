using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>
/// Everything durable about one trust domain but its leaves and its keys. Immutable; changed by compare-and-set on
/// <see cref="Revision"/>. Phases, roles and progress are computed from it and never stored.
/// </summary>
public sealed record TrustState
{
    /// <summary>How many ended rotations are remembered.</summary>
    public const int MaxPast = 100;

    /// <summary>The trust domain's name, without <c>spiffe://</c>.</summary>
    public required string TrustDomain { get; init; }

    /// <summary>+1 with every write.</summary>
    public long Revision { get; init; }

    /// <summary>+1 with every move and every command, not with evidence: what operators' <c>expected_revision</c> is compared with.</summary>
    public long Decisions { get; init; }

    /// <summary>The leader term that wrote this state.</summary>
    public long Term { get; init; }

    /// <summary>Number of the current bundle: +1 when the set or order of its roots, or the salt, changes.</summary>
    public required long Epoch { get; init; }

    /// <summary>Lower-case hex, 16 random bytes; part of the bundle's bytes, so that no epoch's bytes were ever sent before it.</summary>
    public required string Salt { get; init; }

    /// <summary>The oldest epoch any member may enforce. A stored value may lag behind: that only costs waiting.</summary>
    public required long Floor { get; init; }

    public required ImmutableArray<TrustRoot> Roots { get; init; }

    /// <summary>The last epoch that dropped a root which has been deleted since; null where there is none.</summary>
    public long? DroppedBefore { get; init; }

    public required ImmutableArray<Authority> Authorities { get; init; }

    /// <summary>Ids of the roots in the bundle, in PEM order.</summary>
    public required ImmutableArray<string> Bundle { get; init; }

    /// <summary>Id of the authority that signs.</summary>
    public required string Signer { get; init; }

    /// <summary>+1 with every SetSigner: a leaf's ledger row is refused when it moved while the leaf was being signed.</summary>
    public long SignerRevision { get; init; }

    public RotationPlan? Plan { get; init; }

    /// <summary>The serving certificate that the server issues itself; null where it serves with an operator's.</summary>
    public OwnServing? Serving { get; init; }

    /// <summary>The last rotations that ended, newest first, at most <see cref="MaxPast"/>.</summary>
    public ImmutableArray<PastRotation> Past { get; init; } = [];

    /// <summary>The newest wall-clock time a leader has seen, written lazily: a gap to it at a restart is a doubt about the clock.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    /// <summary>The root with this id. Throws <see cref="KeyNotFoundException"/> if there is none.</summary>
    public TrustRoot Root(string id)
    {
        foreach (TrustRoot root in Roots)
        {
            if (root.Id == id)
            {
                return root;
            }
        }

        throw new KeyNotFoundException($"no root '{id}' in trust domain '{TrustDomain}'");
    }

    /// <summary>The authority with this id. Throws <see cref="KeyNotFoundException"/> if there is none.</summary>
    public Authority Authority(string id)
    {
        foreach (Authority authority in Authorities)
        {
            if (authority.Id == id)
            {
                return authority;
            }
        }

        throw new KeyNotFoundException($"no authority '{id}' in trust domain '{TrustDomain}'");
    }

    /// <summary>The root under which this authority signs.</summary>
    public TrustRoot RootOf(string authorityId) => Root(Authority(authorityId).RootId);

    public bool Trusts(string rootId) => Bundle.Contains(rootId);

    /// <summary>Somebody else may hold the key of this root: what it signed is evidence of nothing.</summary>
    public bool IsTainted(string rootId) => Authorities.Any(authority => authority.Tainted && authority.RootId == rootId);

    /// <summary>The last epoch that dropped a root, 0 where none did: whoever enforces it, or a later one, enforces no root that was dropped.</summary>
    public long LastDrop => Math.Max(DroppedBefore ?? 0, Roots.Max(static root => root.DroppedAt) ?? 0);

    /// <summary>True when every member may be presented a leaf that ends at this root: it is in every bundle of the epochs [floor..now].</summary>
    public bool IsSafe(string rootId, long floor) => Trusts(rootId) && Root(rootId).Since <= floor;
}
