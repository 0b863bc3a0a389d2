using System.Text.RegularExpressions;

namespace SdsServer.Cli.Demo.Envoys;

/// <summary>A shipped bootstrap, of which only the values marked <c># CHANGE</c> may be given.</summary>
internal static partial class EnvoyBootstrap
{
    /// <exception cref="CliException">A mark got no value, or there is none for a value.</exception>
    public static string Fill(string yaml, IReadOnlyDictionary<string, string> values)
    {
        HashSet<string> left = [.. values.Keys];
        string filled = MarkedLine().Replace(yaml, line =>
        {
            string mark = line.Groups["mark"].Value;
            left.Remove(mark);
            return values.TryGetValue(mark, out string? value)
                ? $"{line.Groups["key"]}{value}{line.Groups["comment"]}"
                : throw new CliException(ExitCodes.Failure, $"the bootstrap wants a value for '{mark}', and the demo has none");
        });
        return left.Count == 0 ? filled : throw new CliException(ExitCodes.Failure, $"the bootstrap has no '{left.First()}' to change");
    }

    [GeneratedRegex(@"^(?<key> *(?:- )?[\w""@]+: )\S.*?(?<comment> +# CHANGE (?<mark>[a-z-]+)(?::.*)?)$", RegexOptions.Multiline)]
    private static partial Regex MarkedLine();
}
