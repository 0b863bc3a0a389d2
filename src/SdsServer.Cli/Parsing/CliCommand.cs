using System.CommandLine;

namespace SdsServer.Cli.Parsing;

/// <summary>A command with what its help needs beyond a description.</summary>
internal sealed class CliCommand(string name, string description) : Command(name, description)
{
    /// <summary>Command lines with a word on each; shown first in the help.</summary>
    public IReadOnlyList<(string CommandLine, string Meaning)> Examples { get; private set; } = [];

    /// <summary>Paragraphs after the options.</summary>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>What the command does; null for a noun, which only holds verbs.</summary>
    public Func<Session, Task<int>>? Run { get; private set; }

    public CliCommand With(IReadOnlyList<(string CommandLine, string Meaning)> examples, params IReadOnlyList<string> notes)
    {
        (Examples, Notes) = (examples, notes);
        return this;
    }

    public CliCommand Does(Func<Session, Task<int>> run)
    {
        Run = run;
        return this;
    }

    public CliCommand Does(Func<Session, Task> run) => Does(async session =>
    {
        await run(session);
        return ExitCodes.Ok;
    });
}
