namespace SdsServer.Core.Fleet;

/// <summary>
/// What is known of an Envoy process before it shows a leaf. Twins may share it: it never identifies an instance by itself.
/// </summary>
/// <param name="SpiffeId">The authenticated workload identity.</param>
/// <param name="NodeId">Envoy's <c>node.id</c>: a claim, used only to tell processes of one identity apart.</param>
/// <param name="Peer">
/// <c>ip:ADDRESS</c> without a port, <c>process:BOOT/PID/START</c> on a Unix socket, or <c>pod:UID</c>.
/// </param>
public sealed record InstanceKey(string SpiffeId, string NodeId, string Peer);
