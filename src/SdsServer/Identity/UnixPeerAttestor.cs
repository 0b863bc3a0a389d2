using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Access;

namespace SdsServer.Identity;

/// <summary>Evidence by the kernel's word on who is at the other end of a Unix socket.</summary>
internal sealed class UnixPeerAttestor(ImmutableArray<UnixPeerRule> rules)
{
    /// <summary>Null for a connection of another kind.</summary>
    public Evidence? Find(UnixPeer? peer) => peer is null ? null : new Evidence([Number(Selector.UnixUid, peer.Uid), Number(Selector.UnixGid, peer.Gid)])
    {
        Workload = rules.FirstOrDefault(rule => rule.Fits(peer))?.Workload,
    };

    private static Selector Number(string kind, int id) => new(kind, ((uint)id).ToString(CultureInfo.InvariantCulture));
}
