using System.Collections.Immutable;

namespace SdsServer.Core.Fleet;

/// <summary>The durable trace of one leaf: enough to know who may present what, never the certificate itself.</summary>
public sealed record LedgerRow
{
    /// <summary>Lower-case hex of the certificate's serial number.</summary>
    public required string Serial { get; init; }

    public LedgerRowKind Kind { get; init; }

    /// <summary>Id of the instance it went to.</summary>
    public required string InstanceId { get; init; }

    public required InstanceKey Key { get; init; }

    /// <summary>The most bundle subscriptions its instance had at once.</summary>
    public required int BundleSlots { get; init; }

    /// <summary>The most leaf subscriptions its instance had at once.</summary>
    public required int LeafSlots { get; init; }

    /// <summary>Id of the authority that signed it.</summary>
    public required string AuthorityId { get; init; }

    /// <summary>Ids of the roots its chain can end at, found by verifying the very bytes that are sent.</summary>
    public required ImmutableArray<string> Anchors { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public LeafState State { get; init; }
}
