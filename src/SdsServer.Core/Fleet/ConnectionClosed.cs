namespace SdsServer.Core.Fleet;

/// <summary>The HTTP/2 connection ended; its subscriptions were closed before.</summary>
public sealed record ConnectionClosed(long Connection) : FleetEvent;
