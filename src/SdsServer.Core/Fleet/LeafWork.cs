namespace SdsServer.Core.Fleet;

/// <summary>Where the next leaf of an instance is.</summary>
internal enum LeafWork
{
    None,

    /// <summary>Waits for its turn.</summary>
    Queued,

    /// <summary>With the signer.</summary>
    Signing,

    /// <summary>On its way to the ledger.</summary>
    Committing,
}
