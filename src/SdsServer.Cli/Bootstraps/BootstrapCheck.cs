using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SdsServer.Cli.Bootstraps;

/// <summary>Looks through an Envoy's configuration, YAML or JSON, for TLS contexts that let strangers in.</summary>
internal static class BootstrapCheck
{
    private const string Type = "@type";
    private const string Listener = ".DownstreamTlsContext";
    private const string Cluster = ".UpstreamTlsContext";
    private const int MaxDepth = 100;
    private const int MaxNodes = 1_000_000;

    /// <summary>How many TLS contexts there are, and what is wrong with them.</summary>
    /// <param name="file">The file's name, for findings.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="CliException">It is no YAML and no JSON.</exception>
    public static (int Contexts, IReadOnlyList<BootstrapFinding> Findings) Of(string file, string text)
    {
        YamlStream documents = [];
        try
        {
            documents.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            throw new CliException(ExitCodes.Usage, $"{file} is neither YAML nor JSON: line {error.Start.Line}: {error.Message}");
        }

        List<BootstrapFinding> findings = [];
        int contexts = 0;
        int nodes = 0;
        foreach (YamlDocument document in documents.Documents)
        {
            Walk(document.RootNode, "", null, 0);
        }

        return (contexts, findings);

        void Walk(YamlNode node, string path, bool? isListener, int depth)
        {
            // Aliases may make a document of a few lines endless.
            if (depth > MaxDepth || ++nodes > MaxNodes)
            {
                throw new CliException(ExitCodes.Usage, $"{file} is nested more than {MaxDepth} deep, or has more than {MaxNodes} nodes");
            }

            if (node is YamlMappingNode map)
            {
                if ((isListener ?? KindOf(TypeOf(map))) is { } listener)
                {
                    contexts++;
                    findings.AddRange(TlsContextCheck.Of(map, listener).Select(wrong => new BootstrapFinding(file, map.Start.Line, path, wrong.Problem, wrong.Advice)));
                }

                foreach ((YamlNode key, YamlNode value) in map.Children)
                {
                    Walk(value, $"{path}{(path.Length > 0 ? "." : "")}{key}", KindBelow(TypeOf(map), $"{key}"), depth + 1);
                }
            }
            else if (node is YamlSequenceNode list)
            {
                for (int index = 0; index < list.Children.Count; index++)
                {
                    Walk(list.Children[index], $"{path}[{NameOf(list.Children[index]) ?? index.ToString(CultureInfo.InvariantCulture)}]", null, depth + 1);
                }
            }
        }
    }

    /// <summary>True for a listener's TLS context, false for a cluster's, null for anything else.</summary>
    private static bool? KindOf(string? type) =>
        type is null ? null : type.EndsWith(Listener, StringComparison.Ordinal) ? true : type.EndsWith(Cluster, StringComparison.Ordinal) ? false : null;

    // QUIC and STARTTLS hold a context that says no type of its own.
    private static bool? KindBelow(string? type, string key) => key switch
    {
        "downstream_tls_context" or "downstreamTlsContext" => true,
        "upstream_tls_context" or "upstreamTlsContext" => false,
        "tls_socket_config" or "tlsSocketConfig" when type is not null => !type.EndsWith(".UpstreamStartTlsConfig", StringComparison.Ordinal),
        _ => null,
    };

    private static string? TypeOf(YamlMappingNode map) => map.Children.TryGetValue(new YamlScalarNode(Type), out YamlNode? type) ? (type as YamlScalarNode)?.Value : null;

    private static string? NameOf(YamlNode node) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode("name"), out YamlNode? name) ? (name as YamlScalarNode)?.Value : null;
}
