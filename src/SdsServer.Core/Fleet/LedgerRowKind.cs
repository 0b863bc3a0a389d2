namespace SdsServer.Core.Fleet;

/// <summary>What a ledger row stands for.</summary>
public enum LedgerRowKind
{
    /// <summary>A leaf of one instance.</summary>
    Leaf,

    /// <summary>A CA certificate issued downwards; it counts until its NotAfter, whoever holds it.</summary>
    ExportedCa,
}
