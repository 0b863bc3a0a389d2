namespace SdsServer.Core.Fleet;

/// <summary>Whose leaf comes first when many are due; the order of the values is the order of service.</summary>
internal enum LeafClass
{
    /// <summary>Little of its leaf's life is left.</summary>
    Expiring,

    /// <summary>It has no leaf.</summary>
    Joining,

    /// <summary>It refused the last one, or the last one was lost.</summary>
    Retry,

    /// <summary>Half of its leaf's life is over.</summary>
    Renewal,

    /// <summary>Its leaf is from another authority than the one that signs now.</summary>
    Rotation,

    /// <summary>It came back with a valid leaf that this process has no copy of.</summary>
    Reconnect,
}
