using System.CommandLine;
using System.Text;
using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Help;

/// <summary>The help of a command, for the terminal.</summary>
internal static class HelpText
{
    private const int Width = 100;

    private static readonly (string, string)[] s_start =
    [
        ("sdsctl status", "where the mesh stands, on one screen"),
        ("sdsctl rotation start --new --dry-run", "what a rotation to a new root would take"),
        ("sdsctl demo", "see a whole rotation on this machine, no Envoy needed"),
    ];

    public static IReadOnlyList<(string CommandLine, string Meaning)> ExamplesOf(Command command) =>
        command is CliCommand { Examples: var examples } ? examples : command is RootCommand ? s_start : [];

    public static string Of(Command command)
    {
        StringBuilder text = new();
        text.AppendLine(command.Description);
        Section(text, "Examples", ExamplesOf(command));
        text.AppendLine().AppendLine("Usage").AppendLine($"  {Usage(command)}");
        Section(text, "Commands", [.. command.Subcommands.Where(c => !c.Hidden).Select(c => (c.Name, c.Description ?? ""))]);
        Section(text, "Arguments", [.. command.Arguments.Where(a => !a.Hidden).Select(a => (Label(a), a.Description ?? ""))]);
        Section(text, command is RootCommand ? "Options of every command" : "Options", [.. command.Options.Where(o => !o.Hidden).Select(o => (Label(o), o.Description ?? ""))]);
        foreach (string note in command is CliCommand { Notes: var notes } ? notes : [])
        {
            text.AppendLine();
            Wrap(text, note, 0, 0);
        }

        text.AppendLine();
        if (command is RootCommand)
        {
            Section(text, "Exit codes", [.. ExitCodes.All.Select(exit => ($"{exit.Code}", exit.Meaning))], separate: false);
            text.AppendLine();
        }
        else
        {
            text.AppendLine("Options of every command, such as --server and --json: 'sdsctl --help'.");
        }

        text.AppendLine("Manual: docs/cli.md. Report trouble with the output of 'sdsctl --version' and the server's log.");
        return text.ToString();
    }

    /// <summary>The synopsis.</summary>
    public static string Usage(Command command)
    {
        StringBuilder usage = new(CommandTree.Path(command));
        if (command.Subcommands.Count > 0)
        {
            usage.Append(" COMMAND");
        }

        foreach (Argument argument in command.Arguments.Where(a => !a.Hidden))
        {
            usage.Append(argument.Arity.MinimumNumberOfValues == 0 ? $" [{Label(argument)}]" : $" {Label(argument)}");
        }

        return usage.Append(" [options]").ToString();
    }

    public static string Label(Argument argument) => argument.HelpName ?? argument.Name.ToUpperInvariant();

    public static string Label(Option option)
    {
        string names = string.Join(", ", option.Aliases.Where(alias => alias.Length == 2).Append(option.Name).Concat(option.Aliases.Where(alias => alias.Length > 2)));
        return option.HelpName is null ? names : $"{names} {option.HelpName}";
    }

    private static void Section(StringBuilder text, string title, IReadOnlyList<(string Left, string Right)> rows, bool separate = true)
    {
        if (rows.Count == 0)
        {
            return;
        }

        if (separate)
        {
            text.AppendLine();
        }

        text.AppendLine(title);
        int column = Math.Min(title == "Examples" ? Width : 42, rows.Max(row => row.Left.Length) + 4);
        foreach ((string left, string right) in rows)
        {
            text.Append("  ").Append(left);
            if (left.Length + 4 > column)
            {
                text.AppendLine().Append(' ', column);
            }
            else
            {
                text.Append(' ', column - left.Length - 2);
            }

            Wrap(text, right, column, column);
        }
    }

    private static void Wrap(StringBuilder text, string paragraph, int used, int indent)
    {
        foreach (string word in paragraph.Split(' '))
        {
            if (used > indent && used + 1 + word.Length > Width)
            {
                text.AppendLine().Append(' ', indent);
                used = indent;
            }

            if (used > indent)
            {
                text.Append(' ');
                used++;
            }

            text.Append(word);
            used += word.Length;
        }

        text.AppendLine();
    }
}
