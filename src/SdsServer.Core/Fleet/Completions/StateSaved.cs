using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Completions;

/// <summary>The state that was to be saved is durable.</summary>
public sealed record StateSaved(TrustState State) : EngineEvent;
