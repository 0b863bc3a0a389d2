namespace SdsServer.Core.Fleet.Completions;

/// <summary>Writing the row failed; it may or may not be there.</summary>
public sealed record LedgerFailed(long Ticket, string Error) : EngineEvent;
