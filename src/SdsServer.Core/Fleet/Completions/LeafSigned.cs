namespace SdsServer.Core.Fleet.Completions;

/// <summary>The signer has answered.</summary>
public sealed record LeafSigned(long Ticket, SignedLeaf Leaf) : EngineEvent;
