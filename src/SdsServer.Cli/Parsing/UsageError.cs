using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using SdsServer.Cli.Help;

namespace SdsServer.Cli.Parsing;

/// <summary>What is wrong with a command line, and what was probably meant.</summary>
internal static partial class UsageError
{
    /// <summary>The first mistake; null when there is none.</summary>
    public static CliException? Of(ParseResult arguments)
    {
        Command command = arguments.CommandResult.Command;
        string path = CommandTree.Path(command);
        if (arguments.UnmatchedTokens is [string stray, ..])
        {
            bool option = stray.StartsWith('-');
            IEnumerable<string> candidates = option
                ? command.Options.Concat(arguments.RootCommandResult.Command.Options).Where(o => !o.Hidden).SelectMany(o => o.Aliases.Prepend(o.Name))
                : command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name);
            string what = option ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            return CliException.Usage($"'{path}' has no {what} '{stray}'", Hints(path, Suggestion.Nearest(stray, candidates)));
        }

        if (command.Subcommands.Count > 0 && command is not CliCommand { Run: not null })
        {
            string verbs = string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
            return CliException.Usage($"'{path}' needs a command: {verbs}", Hints(path, null));
        }

        if (command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && arguments.GetResult(argument) is not { Tokens.Count: > 0 }) is { } missing)
        {
            return CliException.Usage($"'{path}' needs {HelpText.Label(missing)}", Hints(path, null));
        }

        if (command.Arguments.FirstOrDefault(argument => arguments.GetResult(argument) is { } given && given.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value))) is { } empty)
        {
            return CliException.Usage($"'{path}' was given an empty {empty.Name}", [.. ListHints(command, empty), .. Hints(path, null)]);
        }

        return arguments.Errors is [ParseError first, ..] ? CliException.Usage($"{OptionOf(first)}{Sentence(first.Message)}", Hints(path, null)) : null;
    }

    // Which of several values is meant; the parser's own sentences name it.
    private static string OptionOf(ParseError error) =>
        (error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult)?.Option.Name is { } name && !error.Message.Contains(name, StringComparison.Ordinal) ? $"{name}: " : "";

    private static string[] Hints(string path, string? meant) =>
        meant is null ? [$"see '{path} --help'"] : [$"did you mean '{meant}'?", $"see '{path} --help'"];

    private static string[] ListHints(Command command, Argument argument) =>
        argument.Name == "ID" && command.Parents.OfType<CliCommand>().FirstOrDefault(noun => noun.Subcommands.Any(verb => verb.Name == "list")) is { } noun
            ? [$"see what there is with '{CommandTree.Path(noun)} list'"]
            : [];

    // The parser's sentences begin in upper case and end in a full stop; ours do neither.
    private static string Sentence(string message)
    {
        string text = WholeNumber().Replace(message.TrimEnd('.'), ": a whole number is needed");
        return text.Length > 1 && char.IsUpper(text[0]) && char.IsLower(text[1]) ? char.ToLowerInvariant(text[0]) + text[1..] : text;
    }

    [GeneratedRegex(" as expected type 'System\\.(Nullable`1\\[)?(System\\.)?Int(32|64)\\]?'")]
    private static partial Regex WholeNumber();
}
