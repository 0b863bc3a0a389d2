using SdsServer.Core.Fleet;

namespace SdsServer.Identity;

/// <summary>A checked <see cref="UnixPeerOptions"/>.</summary>
public sealed record UnixPeerRule(int Uid, int? Gid, Workload Workload)
{
    public bool Fits(UnixPeer peer) => peer.Uid == Uid && (Gid is null || peer.Gid == Gid);
}
