namespace SdsServer.Core.Fleet;

/// <summary>A follower hands out nothing older than this epoch from now on, and has listed its subscriptions below it.</summary>
public sealed record ReplicaAcknowledged(string ReplicaId, long Epoch) : EngineEvent;
