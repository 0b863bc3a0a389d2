namespace SdsServer.Core.Fleet;

/// <summary>The follower's lease is over: it takes no subscriptions.</summary>
public sealed record ReplicaEnded(string ReplicaId) : EngineEvent;
