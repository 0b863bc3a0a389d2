namespace SdsServer.Core.Fleet.Effects;

/// <summary>Have a leaf signed, lint it, then report <see cref="Completions.LeafSigned"/> or <see cref="Completions.LeafSignFailed"/>.</summary>
/// <param name="Ticket">Names the request in its completion.</param>
/// <param name="AuthorityId">Who signs.</param>
/// <param name="Workload">Whose leaf it is.</param>
/// <param name="Earliest">The time now or, while the wall clock is in doubt, the earlier of the two it may be: the leaf is valid then.</param>
/// <param name="Latest">The same, the later of the two: the leaf's lifetime counts from then.</param>
/// <param name="MaxLifetime">The lifetime a running rotation allows; null: as long as ever.</param>
public sealed record SignLeaf(long Ticket, string AuthorityId, Workload Workload, DateTimeOffset Earliest, DateTimeOffset Latest, TimeSpan? MaxLifetime) : EngineEffect;
