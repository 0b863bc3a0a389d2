using System.CommandLine;
using System.Text;
using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Help;

/// <summary>The manual, <c>docs/cli.md</c>, from the same words as the help.</summary>
internal static class Reference
{
    public static string Markdown(RootCommand root)
    {
        StringBuilder text = new();
        text.AppendLine("# sdsctl").AppendLine();
        text.AppendLine("<!-- Written by `sdsctl reference`; a test compares. Change the help text in src/SdsServer.Cli instead. -->").AppendLine();
        text.AppendLine(root.Description).AppendLine();
        Examples(text, root);
        text.AppendLine("## Output").AppendLine();
        foreach (string paragraph in s_output)
        {
            text.AppendLine(paragraph).AppendLine();
        }

        Rows(text, "Exit code", "Meaning", ExitCodes.All.Select(exit => ($"{exit.Code}", exit.Meaning)));
        text.AppendLine("## Options of every command").AppendLine();
        Options(text, root);
        foreach (Command command in root.Subcommands.Where(c => !c.Hidden))
        {
            Describe(text, command);
        }

        return text.ToString().TrimEnd() + Environment.NewLine;
    }

    private static readonly string[] s_output =
    [
        "Results go to stdout; everything else (what changed, what to run next, questions, errors) goes to stderr.",
        "An error is one line `sdsctl: error: …`, indented lines that explain it, and lines `sdsctl: hint: …` that say what to do.",
        "Times are UTC. Durations are written like `30s`, `10m`, `1h30m`, `24h`, `90d`, `10y`. An id stands for a whole resource name: "
            + "`root-b` for `trustDomains/example.org/authorities/root-b`.",
        "`--json` prints the messages of the admin API (`protos/sdsserver/admin/v1`) as protobuf JSON with every field present: a list is one document with all its pages joined, "
            + "`status` is `{\"trustDomain\": …, \"authorities\": […], \"rotation\": …, \"warnings\": […]}`, a watch prints one message a line. 64-bit numbers are strings, as protobuf JSON has it. "
            + "A failed command prints `{\"error\": {\"exitCode\", \"message\", \"hints\"}}` instead, and the same in words on stderr; with `status` and `reason` where a call to the server failed "
            + "(a wrong command line has none), `refusal` where a gate or rule refused it, `current` where somebody else was faster. "
            + "Fields are only ever added.",
        "`--plain` prints one record a line with tabs between the fields, in the order of the table's columns, without headings.",
        "Commands that change the trust state first read it and send its revision along. If somebody else was faster, nothing changes, the state as it is then is shown, and the exit code is 4.",
        "What cannot be taken back asks first. Where nobody can be asked (no terminal, or `--no-input`) it wants `--force`.",
    ];

    private static void Describe(StringBuilder text, Command command)
    {
        if (command.Subcommands.Count > 0)
        {
            text.AppendLine($"## {CommandTree.Path(command)}").AppendLine();
            text.AppendLine(command.Description).AppendLine();
            foreach (Command verb in command.Subcommands.Where(c => !c.Hidden))
            {
                Describe(text, verb);
            }

            return;
        }

        text.AppendLine($"{(command.Parents.First() is RootCommand ? "##" : "###")} {CommandTree.Path(command)}").AppendLine();
        text.AppendLine(command.Description).AppendLine();
        text.AppendLine("```").AppendLine(HelpText.Usage(command)).AppendLine("```").AppendLine();
        Examples(text, command);
        Rows(text, "Argument", "Meaning", command.Arguments.Where(a => !a.Hidden).Select(a => ($"`{HelpText.Label(a)}`", a.Description ?? "")));
        Options(text, command);
        foreach (string note in command is CliCommand { Notes: var notes } ? notes : [])
        {
            text.AppendLine(note).AppendLine();
        }
    }

    private static void Examples(StringBuilder text, Command command)
    {
        IReadOnlyList<(string CommandLine, string Meaning)> examples = HelpText.ExamplesOf(command);
        if (examples.Count > 0)
        {
            int column = examples.Max(example => example.CommandLine.Length);
            text.AppendLine("```sh");
            foreach ((string line, string meaning) in examples)
            {
                text.AppendLine($"{line.PadRight(column)}  # {meaning}");
            }

            text.AppendLine("```").AppendLine();
        }
    }

    private static void Options(StringBuilder text, Command command) =>
        Rows(text, "Option", "Meaning", command.Options.Where(o => !o.Hidden).Select(o => ($"`{HelpText.Label(o)}`", o.Description ?? "")));

    private static void Rows(StringBuilder text, string left, string right, IEnumerable<(string Left, string Right)> rows)
    {
        List<(string Left, string Right)> all = [.. rows];
        if (all.Count > 0)
        {
            text.AppendLine($"| {left} | {right} |").AppendLine("|---|---|");
            foreach ((string l, string r) in all)
            {
                text.AppendLine($"| {l.Replace("|", "\\|", StringComparison.Ordinal)} | {r.Replace("|", "\\|", StringComparison.Ordinal)} |");
            }

            text.AppendLine();
        }
    }
}
