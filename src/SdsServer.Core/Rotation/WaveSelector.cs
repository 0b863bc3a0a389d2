using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>Picks proxies by what they are. Everything that is set must match; something must be.</summary>
/// <param name="PathPrefix">Whole segments at the start of the SPIFFE ID's path, such as <c>/ns/shop</c>; empty for any.</param>
/// <param name="Namespace">The segment after <c>/ns/</c> in the SPIFFE ID; empty for any.</param>
/// <param name="Cluster">Envoy's <c>node.cluster</c>, a claim; empty for any.</param>
/// <param name="Labels">Labels that are registered, or else that the node states in its metadata, claims; empty for any.</param>
public sealed record WaveSelector(string PathPrefix = "", string Namespace = "", string Cluster = "", ImmutableSortedDictionary<string, string>? Labels = null)
{
    /// <summary>Whether a proxy is one of them.</summary>
    public bool Matches(ProxyTraits proxy) =>
        (PathPrefix.Length == 0 || IsBelow(proxy.Path, PathPrefix.TrimEnd('/')))
        && (Namespace.Length == 0 || Namespace == proxy.Namespace)
        && (Cluster.Length == 0 || Cluster == proxy.Cluster)
        && (Labels is null || Labels.All(label => proxy.Labels.GetValueOrDefault(label.Key) == label.Value));

    private static bool IsBelow(string path, string prefix) =>
        path.StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/');
}
