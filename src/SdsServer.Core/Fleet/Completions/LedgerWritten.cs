namespace SdsServer.Core.Fleet.Completions;

/// <summary>The ledger has, or has refused, the row: it is refused when the signer moved meanwhile.</summary>
public sealed record LedgerWritten(long Ticket, bool Accepted) : EngineEvent;
