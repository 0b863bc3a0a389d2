namespace SdsServer.Core.Fleet;

/// <summary>
/// What is known of an Envoy process before it shows a leaf. Twins may share it: it never identifies an instance by itself.
/// </summary>
/// <param name="SpiffeId">The authenticated workload identity.</param>
/// <param name="NodeId">Envoy's <c>node.id</c>: a claim, used only to tell processes of one identity apart.</param>
/// <param name="Peer">
/// <c>ip:ADDRESS</c> without a port, or <c>pod:UID</c>; on a Unix socket <c>process:BOOT/NAMESPACE/PID/START</c>, or <c>user:UID</c> where the process cannot be seen.
/// </param>
public sealed record InstanceKey(string SpiffeId, string NodeId, string Peer)
{
    /// <summary>It connects over a network, which may swallow the end of a connection.</summary>
    public bool IsRemote => !Peer.StartsWith("process:", StringComparison.Ordinal) && !Peer.StartsWith("user:", StringComparison.Ordinal);
}
