using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Effects;

/// <summary>Make the state durable, with its log entry if there is one, then report <see cref="Completions.StateSaved"/>. Until then nobody may see it.</summary>
/// <param name="Expired">Serials of leaves without which the floor of this state stands: they end in the same commit, or not at all.</param>
public sealed record SaveState(TrustState State, Decision? Entry, IReadOnlyList<string> Expired) : EngineEffect;
