using System.Text.RegularExpressions;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Matcher.V3;

namespace SdsServer.Xds;

/// <summary>envoy.type.matcher.v3.NodeMatcher over what is kept of a node.</summary>
internal static class NodeMatch
{
    /// <exception cref="RpcException">INVALID_ARGUMENT: the matcher asks for more than is kept, or is malformed.</exception>
    public static bool Matches(NodeMatcher matcher, NodeIdentity node)
    {
        if (matcher.NodeMetadatas.Count > 0)
        {
            throw Invalid("node metadata is not kept; match by node_id");
        }

        return matcher.NodeId is null || Matches(matcher.NodeId, node.Id);
    }

    private static bool Matches(StringMatcher matcher, string value)
    {
        StringComparison comparison = matcher.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return matcher.MatchPatternCase switch
        {
            StringMatcher.MatchPatternOneofCase.Exact => value.Equals(matcher.Exact, comparison),
            StringMatcher.MatchPatternOneofCase.Prefix => value.StartsWith(matcher.Prefix, comparison),
            StringMatcher.MatchPatternOneofCase.Suffix => value.EndsWith(matcher.Suffix, comparison),
            StringMatcher.MatchPatternOneofCase.Contains => value.Contains(matcher.Contains, comparison),
            StringMatcher.MatchPatternOneofCase.SafeRegex => Matches(matcher.SafeRegex.Regex, matcher.IgnoreCase, value),
            _ => throw Invalid("a node_id matcher needs exact, prefix, suffix, contains or safe_regex"),
        };
    }

    private static bool Matches(string pattern, bool ignoreCase, string value)
    {
        try
        {
            // Linear in time, as RE2 is, and for the whole value.
            return Regex.IsMatch(
                value, $@"\A(?:{pattern})\z",
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None));
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw Invalid($"safe_regex cannot be used: {error.Message}");
        }
    }

    private static RpcException Invalid(string detail) => new(StatusCode.InvalidArgument, detail);
}
