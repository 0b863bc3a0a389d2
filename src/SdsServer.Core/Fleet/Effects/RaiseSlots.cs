namespace SdsServer.Core.Fleet.Effects;

/// <summary>Make the slots of an instance durable, then report <see cref="Completions.SlotsRaised"/>.</summary>
public sealed record RaiseSlots(string InstanceId, int BundleSlots, int LeafSlots) : EngineEffect;
