namespace SdsServer.Core.Fleet.Effects;

/// <summary>Make the roster entry durable, then report <see cref="Completions.RosterWritten"/>.</summary>
public sealed record WriteRoster(RosterEntry Entry) : EngineEffect;
