using System.Net;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Xds;

/// <summary>Who is at the other end of a stream, for as long as the stream lives.</summary>
/// <param name="Connection">Number of the HTTP/2 connection, unique in this process.</param>
/// <param name="Key">The process, as far as it can be told.</param>
/// <param name="Workload">The authenticated identity.</param>
/// <param name="Node">What the client says about itself.</param>
internal sealed record StreamClient(long Connection, InstanceKey Key, Workload Workload, NodeIdentity Node)
{
    /// <summary>What waves select it by. A registered label has precedence over what the node claims under its name.</summary>
    public ProxyTraits Traits { get; } = ProxyTraits.Of(Key.SpiffeId, Node.Cluster, Node.Labels.SetItems(Workload.Labels));

    /// <summary>The stream is for everything that the client asks for (ADS), of which some may come and go.</summary>
    public bool IsAggregated { get; init; }

    /// <summary>See <see cref="SubscriptionOpened.ServedUnder"/>.</summary>
    public string? ServedUnder { get; init; }

    /// <summary>Where its Envoy's admin answers; null where it states no port.</summary>
    public Uri? Admin { get; init; }

    /// <summary>
    /// The address is the connection's own, never one that the node states: a node must not have us call somebody else.
    /// </summary>
    public static Uri? AdminOf(NodeIdentity node, IPAddress? address)
    {
        if (node.AdminPort is not { } port)
        {
            return null;
        }

        IPAddress host = address is null ? IPAddress.Loopback : address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return new UriBuilder(Uri.UriSchemeHttp, host.ToString(), port).Uri;
    }
}
