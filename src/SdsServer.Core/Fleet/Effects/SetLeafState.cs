namespace SdsServer.Core.Fleet.Effects;

/// <summary>Record, when there is time, what became of a leaf.</summary>
public sealed record SetLeafState(string Serial, LeafState State) : EngineEffect;
