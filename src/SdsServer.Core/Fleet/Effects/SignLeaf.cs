namespace SdsServer.Core.Fleet.Effects;

/// <summary>Have a leaf signed, lint it, then report <see cref="Completions.LeafSigned"/> or <see cref="Completions.LeafSignFailed"/>.</summary>
public sealed record SignLeaf(long Ticket, string AuthorityId, Workload Workload) : EngineEffect;
