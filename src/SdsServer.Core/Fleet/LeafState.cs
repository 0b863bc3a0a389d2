namespace SdsServer.Core.Fleet;

/// <summary>What is known about a leaf that was, or may have been, sent.</summary>
public enum LeafState
{
    /// <summary>In the ledger; sent or about to be. The proxy may present it.</summary>
    Issued,

    /// <summary>Accepted by the proxy.</summary>
    Acked,

    /// <summary>Refused by the proxy, which may present it all the same, now or later.</summary>
    Nacked,

    /// <summary>Replaced by a later accepted leaf of the same instance, or its process is gone: nobody presents it.</summary>
    Superseded,

    /// <summary>Past its validity and the tolerated skew when the floor rose without it: it counts no more, whatever a later clock says.</summary>
    Expired,

    /// <summary>An operator has passed over it by name: its proxy may still present it, and is refused.</summary>
    Overruled,
}
