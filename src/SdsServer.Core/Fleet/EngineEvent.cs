namespace SdsServer.Core.Fleet;

/// <summary>An input of <see cref="TrustDomainEngine"/>.</summary>
public abstract record EngineEvent;
