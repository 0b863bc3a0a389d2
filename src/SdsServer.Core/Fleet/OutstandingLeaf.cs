using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>A leaf that its instance may present.</summary>
internal sealed class OutstandingLeaf(LedgerRow row, int order, LeafPayload? payload, DateTimeOffset renewAt)
{
    public LedgerRow Row { get; } = row;

    /// <summary>The authority for whose end it counts; empty once an operator has ended that authority in spite of it. Its root it needs all the same.</summary>
    public string SignedBy { get; set; } = row.AuthorityId;

    /// <summary>Position among the instance's leaves, from 1.</summary>
    public int Order { get; } = order;

    /// <summary>Certificate and key, for as long as this process remembers them; null for a leaf of an earlier term.</summary>
    public LeafPayload? Payload { get; } = payload;

    public LeafState State { get; set; } = row.State;

    /// <summary>A source of its process has accepted it, in this term; another may have refused it since.</summary>
    public bool WasAccepted { get; set; }

    /// <summary>Some delivery of it was never answered: its bytes must not be sent again, an ACK of them would prove nothing.</summary>
    public bool Lost { get; set; }

    /// <summary>Monotonic time since when its process has been owed, or has owed an answer; not known for a leaf of an earlier term.</summary>
    public TimeSpan? IssuedAt { get; init; }

    /// <summary>When to renew.</summary>
    public DateTimeOffset RenewAt { get; } = renewAt;
}
