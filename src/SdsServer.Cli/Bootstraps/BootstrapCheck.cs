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
            Walk(document.RootNode, "", 0);
        }

        return (contexts, findings);

        void Walk(YamlNode node, string path, int depth)
        {
            // Aliases may make a document of a few lines endless.
            if (depth > MaxDepth || ++nodes > MaxNodes)
            {
                throw new CliException(ExitCodes.Usage, $"{file} is nested more than {MaxDepth} deep, or has more than {MaxNodes} nodes");
            }

            if (node is YamlMappingNode map)
            {
                if (TypeOf(map) is { } type && (type.EndsWith(Listener, StringComparison.Ordinal) || type.EndsWith(Cluster, StringComparison.Ordinal)))
                {
                    contexts++;
                    findings.AddRange(TlsContextCheck.Of(map, type.EndsWith(Listener, StringComparison.Ordinal))
                        .Select(wrong => new BootstrapFinding(file, map.Start.Line, path, wrong.Problem, wrong.Advice)));
                }

                foreach ((YamlNode key, YamlNode value) in map.Children)
                {
                    Walk(value, $"{path}{(path.Length > 0 ? "." : "")}{key}", depth + 1);
                }
            }
            else if (node is YamlSequenceNode list)
            {
                for (int index = 0; index < list.Children.Count; index++)
                {
                    Walk(list.Children[index], $"{path}[{NameOf(list.Children[index]) ?? index.ToString(CultureInfo.InvariantCulture)}]", depth + 1);
                }
            }
        }
    }

    private static string? TypeOf(YamlMappingNode map) => map.Children.TryGetValue(new YamlScalarNode(Type), out YamlNode? type) ? (type as YamlScalarNode)?.Value : null;

    private static string? NameOf(YamlNode node) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode("name"), out YamlNode? name) ? (name as YamlScalarNode)?.Value : null;
}
