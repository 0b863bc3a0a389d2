namespace SdsServer.Core.Fleet;

/// <summary>Authoritative word that every process with this <see cref="InstanceKey.Peer"/> has ended.</summary>
public sealed record ProcessDeparted(string Peer) : FleetEvent;
