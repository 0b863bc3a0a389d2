using SdsServer.Core.Fleet;

namespace SdsServer.Hosting;

/// <summary>One turn of <see cref="TrustDomainLoop"/>: an event for the engine, or else something to do between two events.</summary>
internal readonly record struct LoopTurn(EngineEvent? Happened, Action? Work);
