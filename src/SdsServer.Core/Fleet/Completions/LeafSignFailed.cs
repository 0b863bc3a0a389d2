namespace SdsServer.Core.Fleet.Completions;

/// <summary>The signer could not sign.</summary>
public sealed record LeafSignFailed(long Ticket, string Error) : EngineEvent;
