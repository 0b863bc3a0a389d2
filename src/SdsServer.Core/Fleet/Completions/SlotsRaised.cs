namespace SdsServer.Core.Fleet.Completions;

/// <summary>The ledger knows how many slots an instance has.</summary>
public sealed record SlotsRaised(string InstanceId, int BundleSlots, int LeafSlots) : EngineEvent;
