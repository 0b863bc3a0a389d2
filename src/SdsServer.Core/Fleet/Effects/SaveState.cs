using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Effects;

/// <summary>Make the state durable, with its log entry if there is one, then report <see cref="Completions.StateSaved"/>. Until then nobody may see it.</summary>
public sealed record SaveState(TrustState State, Decision? Entry) : EngineEffect;
