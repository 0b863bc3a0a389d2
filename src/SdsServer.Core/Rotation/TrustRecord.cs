using SdsServer.Core.Fleet;

namespace SdsServer.Core.Rotation;

/// <summary>What a leader begins its term with.</summary>
/// <param name="Term">The number of the new term; every write carries it.</param>
/// <param name="State">The stored state, or null in a store that never held one.</param>
/// <param name="Ledger">Every row that is not superseded and not older than the retention past its NotAfter, in the order of insertion.</param>
/// <param name="Roster">Every roster entry.</param>
public sealed record TrustRecord(long Term, TrustState? State, IReadOnlyList<LedgerRow> Ledger, IReadOnlyList<RosterEntry> Roster);
