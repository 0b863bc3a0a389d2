namespace SdsServer.Core.Fleet.Effects;

/// <summary>Something <see cref="TrustDomainEngine"/> wants done. Effects of one event are carried out in their order.</summary>
public abstract record EngineEffect;
