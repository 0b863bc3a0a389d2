using System.CommandLine;
using System.CommandLine.Parsing;
using SdsServer.Cli.Output;

namespace SdsServer.Cli.Parsing;

/// <summary>What was typed for a field of a request, so that an error names that.</summary>
internal sealed class TypedOptions(ParseResult arguments)
{
    private static readonly string[] s_shorthands = ["--one-by-one", "--manual"];

    /// <summary>Such as <c>--trust-soak 400d</c>; the field's own name where no option sets it.</summary>
    /// <param name="field">Its path in the request, such as <c>policy.trust_soak</c>.</param>
    public string Of(string field)
    {
        if (ApiWords.Option(field) is not { } known)
        {
            return field;
        }

        // An option that takes several kinds of values: which of them, stands behind its name.
        string[] parts = known.Split(' ');
        string[] values = [.. Values(parts[0]).Where(value => parts.Length == 1 || value.StartsWith($"{parts[1]}=", StringComparison.Ordinal) || value.StartsWith("all=", StringComparison.Ordinal))];
        string? value = ApiWords.Position(field) is { } at ? values.ElementAtOrDefault(at) : values.LastOrDefault();
        return value is not null ? $"{parts[0]} {value}"
            : (parts[0] is "--max-in-flight" or "--gate" ? s_shorthands.FirstOrDefault(IsGiven) : null) ?? known;
    }

    private string[] Values(string option) =>
        Find(option) is { } found && arguments.GetResult(found) is { Implicit: false } given ? [.. given.Tokens.Select(token => token.Value)] : [];

    private bool IsGiven(string option) => Find(option) is { } found && arguments.GetResult(found) is { Implicit: false };

    private Option? Find(string name) => arguments.CommandResult.Command.Options.FirstOrDefault(option => option.Name == name);
}
