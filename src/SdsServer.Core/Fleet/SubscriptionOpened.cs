using System.Collections.Immutable;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>A stream asks for a name for the first time, or again after it had let it go.</summary>
/// <param name="Subscription">Unique in this process.</param>
/// <param name="Connection">The HTTP/2 connection; unique in this process. All its streams of one key are one instance.</param>
/// <param name="ReportedVersion">
/// The version the client says it holds: version_info of a SotW stream's first request, the name's entry in initial_resource_versions; null if none.
/// </param>
/// <param name="NodeVersion">Envoy's release such as <c>1.36.4</c>, for people to read; empty if unknown.</param>
public sealed record SubscriptionOpened(
    long Subscription,
    long Connection,
    InstanceKey Key,
    Workload Workload,
    SecretKind Kind,
    string Name,
    string? ReportedVersion,
    string NodeVersion) : FleetEvent
{
    /// <summary>Number of the stream, unique in this process, where it carries several subscriptions; null: it carries this one alone.</summary>
    public long? Stream { get; init; }

    /// <summary>The reported version may be of several bundles: which of them holds which bytes it does not say.</summary>
    public bool IsVersionJoint { get; init; }

    /// <summary>What waves select the proxy by; null: its identity alone.</summary>
    public ProxyTraits? Traits { get; init; }

    /// <summary>
    /// Ids of the roots that its bootstrap has as anchors for this server, by its node's word; empty: it says nothing. Who lies loses its own link.
    /// </summary>
    public ImmutableArray<string> Anchors { get; init; } = [];

    /// <summary>
    /// The root of the certificate that this server showed in the connection's handshake, which may be long ago; null: none of its own, or no TLS.
    /// </summary>
    public string? ServedUnder { get; init; }

    /// <summary>Where its Envoy's admin answers, such as <c>http://10.0.0.7:9901</c>; null where it states no port.</summary>
    public Uri? Admin { get; init; }
}
