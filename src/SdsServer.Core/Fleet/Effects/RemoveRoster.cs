namespace SdsServer.Core.Fleet.Effects;

/// <summary>Remove the roster entry.</summary>
public sealed record RemoveRoster(string InstanceId) : EngineEffect;
