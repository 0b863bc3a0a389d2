using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet.Effects;

/// <summary>Hand a secret to a stream.</summary>
public sealed record Deliver(Delivery Delivery) : EngineEffect;
