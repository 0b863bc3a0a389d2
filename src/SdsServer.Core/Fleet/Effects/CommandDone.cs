using SdsServer.Core.Fleet.Commands;

namespace SdsServer.Core.Fleet.Effects;

/// <summary>Answer an operator.</summary>
public sealed record CommandDone(long Command, CommandOutcome Outcome) : EngineEffect;
