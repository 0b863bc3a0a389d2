namespace SdsServer.Core.Fleet;

/// <summary>Something a proxy, or its connection, did. Events of one connection arrive in the order in which they happened.</summary>
public abstract record FleetEvent : EngineEvent;
