using System.Globalization;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Type.V3;

namespace SdsServer.Xds;

/// <summary>The few words of a node that are kept; an Envoy's whole node is 61 KB. Claims, never evidence.</summary>
/// <param name="Id"><c>node.id</c>, not empty.</param>
/// <param name="Cluster"><c>node.cluster</c>, not empty.</param>
/// <param name="UserAgent"><c>envoy</c> for Envoy; may be empty.</param>
/// <param name="Version">Its release such as <c>1.36.4</c>; empty if unknown.</param>
public sealed record NodeIdentity(string Id, string Cluster, string UserAgent, string Version)
{
    private const int UserAgentLength = 64;

    /// <exception cref="RpcException">INVALID_ARGUMENT: the node is missing, or its id or cluster is empty, too long or unprintable.</exception>
    internal static NodeIdentity From(Node? node, XdsLimits limits) => node is null
        ? throw new RpcException(StatusCode.InvalidArgument, "the first request of a stream has no node; set node.id and node.cluster")
        : new NodeIdentity(
            Required("node.id", node.Id, limits),
            Required("node.cluster", node.Cluster, limits),
            Shown(node.UserAgentName),
            node.UserAgentBuildVersion?.Version is { } version ? Format(version) : Shown(node.UserAgentVersion));

    private static string Required(string field, string value, XdsLimits limits)
    {
        string? problem = value.Length == 0 ? "is empty"
            : value.Length > limits.NodeIdLength ? $"has {value.Length} characters, more than the {limits.NodeIdLength} allowed"
            : value.Any(char.IsControl) ? "has control characters"
            : null;
        return problem is null ? value : throw new RpcException(StatusCode.InvalidArgument, $"{field} {problem}");
    }

    private static string Format(SemanticVersion version) =>
        string.Create(CultureInfo.InvariantCulture, $"{version.MajorNumber}.{version.MinorNumber}.{version.Patch}");

    private static string Shown(string value) => value.Length <= UserAgentLength && !value.Any(char.IsControl) ? value : "";
}
