namespace SdsServer.Core.Fleet.Effects;

/// <summary>End the stream of a subscription: its process has another connection, and is to open it anew there.</summary>
public sealed record EndStream(long Subscription) : EngineEffect;
