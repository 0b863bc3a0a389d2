using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>What waves select proxies by. Only the path and registered labels are evidence; the rest are claims of the node, which decide nothing but an order.</summary>
/// <param name="Path">The SPIFFE ID's path, from its first <c>/</c>.</param>
/// <param name="Cluster">Envoy's <c>node.cluster</c>; may be empty.</param>
/// <param name="Labels">Registered labels, and those in the node's metadata under other names.</param>
public sealed record ProxyTraits(string Path, string Cluster, ImmutableSortedDictionary<string, string> Labels)
{
    /// <summary>The segment after <c>/ns/</c> in the path; empty without one.</summary>
    public string Namespace { get; } = NamespaceOf(Path);

    /// <summary>All that is known of a proxy of which nobody remembers more than its identity.</summary>
    public static ProxyTraits Of(string spiffeId, string cluster = "", ImmutableSortedDictionary<string, string>? labels = null)
    {
        int authority = spiffeId.IndexOf("://", StringComparison.Ordinal) + 3;
        int path = spiffeId.IndexOf('/', authority);
        return new ProxyTraits(path < 0 ? "" : spiffeId[path..], cluster, labels ?? ImmutableSortedDictionary<string, string>.Empty);
    }

    private static string NamespaceOf(string path)
    {
        string[] segments = path.Split('/');
        int at = Array.IndexOf(segments, "ns");
        return at >= 0 && at + 1 < segments.Length ? segments[at + 1] : "";
    }
}
