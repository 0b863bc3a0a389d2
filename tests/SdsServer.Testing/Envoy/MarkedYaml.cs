using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace SdsServer.Testing.Envoy;

/// <summary>
/// A YAML text as a user gets it: values to change stand on lines that end in <c># CHANGE mark</c>, and parts to exchange
/// between <c># --- begin part</c> and <c># --- end part ---</c>. Nothing else can be changed through it.
/// </summary>
internal sealed partial class MarkedYaml(string text)
{
    public string Text => text;

    public ImmutableSortedSet<string> Marks { get; } = [.. MarkedLine().Matches(text).Select(line => line.Groups["mark"].Value)];

    public MarkedYaml With(string mark, string value) =>
        Marks.Contains(mark)
            ? new(MarkedLine().Replace(text, line => line.Groups["mark"].Value == mark ? $"{line.Groups["key"]}{value}{line.Groups["comment"]}" : line.Value))
            : throw new ArgumentException($"no line is marked `# CHANGE {mark}`; there are: {string.Join(", ", Marks)}", nameof(mark));

    /// <summary>Puts whole lines, or none, in place of a part and its two marks.</summary>
    public MarkedYaml WithPart(string part, string replacement)
    {
        Regex lines = new($@"^ *# --- begin {Regex.Escape(part)}\b.*?^ *# --- end {Regex.Escape(part)} ---\n", RegexOptions.Multiline | RegexOptions.Singleline);
        return lines.Count(text) == 1
            ? new(lines.Replace(text, _ => replacement))
            : throw new ArgumentException($"the text has {lines.Count(text)} parts named {part}, not one", nameof(part));
    }

    [GeneratedRegex(@"^(?<key> *(?:- )?[\w""@]+: )(?<value>\S.*?)(?<comment> +# CHANGE (?<mark>[a-z-]+)(?::.*)?)$", RegexOptions.Multiline)]
    private static partial Regex MarkedLine();
}
