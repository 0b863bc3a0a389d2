using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Access;

namespace SdsServer.Identity;

/// <summary>Evidence by the kernel's word on who is at the other end of a Unix socket.</summary>
internal sealed class UnixPeerAttestor(ImmutableArray<UnixPeerRule> rules)
{
    /// <summary>Null for a connection of another kind.</summary>
    public Evidence? Find(UnixPeer? peer) => peer is null ? null : new Evidence(SelectorsOf(peer))
    {
        Workload = rules.FirstOrDefault(rule => rule.Fits(peer))?.Workload,
    };

    private static ImmutableArray<Selector> SelectorsOf(UnixPeer peer)
    {
        UnixProcess process = UnixProcess.Of(peer);
        return
        [
            .. new (string Kind, string? Value)[]
            {
                (Selector.UnixUid, Number(peer.Uid)), (Selector.UnixGid, Number(peer.Gid)), (Selector.UnixPath, process.Path), (Selector.UnixCgroup, process.Cgroup),
            }
            .Where(fact => fact.Value is { Length: > 0 })
            .Select(fact => new Selector(fact.Kind, fact.Value!)),
        ];
    }

    private static string Number(int id) => ((uint)id).ToString(CultureInfo.InvariantCulture);
}
