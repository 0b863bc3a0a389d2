using System.Collections.Immutable;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Core.Authorities;
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
    private const int MaxLabels = 32;
    private const int LabelLength = 320;
    private const string LabelsKey = "labels";
    private const string AdminPortKey = "sdsserver.envoy.admin_port";
    private const string AnchorsKey = "sdsserver.anchors";
    private const int MaxAnchors = 16;
    private const int DigestLength = 64;

    /// <summary>Texts in <c>metadata.labels</c>; those that are too long, and all beyond the first 32 by name, are left out.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Where its Envoy's admin listens, <c>metadata["sdsserver.envoy.admin_port"]</c>; null where it states none.</summary>
    public int? AdminPort { get; init; }

    /// <summary>
    /// Ids of the roots that its bootstrap has as anchors for this server, from the SHA-256 digests in <c>metadata["sdsserver.anchors"]</c>; empty where it
    /// states none, or anything but a list of 1 to 16 digests in lower-case hex.
    /// </summary>
    public ImmutableArray<string> Anchors { get; init; } = [];

    /// <exception cref="RpcException">INVALID_ARGUMENT: the node is missing, or its id or cluster is empty, too long or unprintable.</exception>
    internal static NodeIdentity From(Node? node, XdsLimits limits) => node is null
        ? throw new RpcException(StatusCode.InvalidArgument, "the first request of a stream has no node; set node.id and node.cluster")
        : new NodeIdentity(
            Required("node.id", node.Id, limits),
            Required("node.cluster", node.Cluster, limits),
            Shown(node.UserAgentName),
            node.UserAgentBuildVersion?.Version is { } version ? Format(version) : Shown(node.UserAgentVersion))
        {
            Labels = LabelsOf(node.Metadata),
            AdminPort = AdminPortOf(node.Metadata),
            Anchors = AnchorsOf(node.Metadata),
        };

    private static ImmutableSortedDictionary<string, string> LabelsOf(Struct? metadata) =>
        metadata is not null && metadata.Fields.TryGetValue(LabelsKey, out Value? labels) && labels.KindCase == Value.KindOneofCase.StructValue
            ? labels.StructValue.Fields
                .Where(label => label.Value.KindCase == Value.KindOneofCase.StringValue && IsLabel(label.Key) && IsLabel(label.Value.StringValue))
                .OrderBy(label => label.Key, StringComparer.Ordinal)
                .Take(MaxLabels)
                .ToImmutableSortedDictionary(label => label.Key, label => label.Value.StringValue, StringComparer.Ordinal)
            : ImmutableSortedDictionary<string, string>.Empty;

    private static bool IsLabel(string text) => text.Length <= LabelLength && !text.Any(char.IsControl);

    private static int? AdminPortOf(Struct? metadata)
    {
        if (metadata is null || !metadata.Fields.TryGetValue(AdminPortKey, out Value? stated))
        {
            return null;
        }

        double port = stated.KindCase switch
        {
            Value.KindOneofCase.NumberValue => stated.NumberValue,
            Value.KindOneofCase.StringValue when int.TryParse(stated.StringValue, NumberStyles.None, CultureInfo.InvariantCulture, out int number) => number,
            _ => 0,
        };
        return port is >= 1 and <= ushort.MaxValue && port == Math.Floor(port) ? (int)port : null;
    }

    // All or nothing: half of a list that cannot be read is no word on the other half.
    private static ImmutableArray<string> AnchorsOf(Struct? metadata) =>
        metadata is not null && metadata.Fields.TryGetValue(AnchorsKey, out Value? stated) && stated.KindCase == Value.KindOneofCase.ListValue
            && stated.ListValue.Values is { Count: > 0 and <= MaxAnchors } digests && digests.All(IsDigest)
            ? [.. digests.Select(digest => RootId.OfDigest(digest.StringValue)).Distinct(StringComparer.Ordinal)]
            : [];

    private static bool IsDigest(Value value) =>
        value.KindCase == Value.KindOneofCase.StringValue && value.StringValue.Length == DigestLength && value.StringValue.All(char.IsAsciiHexDigitLower);

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
