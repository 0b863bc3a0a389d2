using System.CommandLine;
using SdsServer.Cli.Help;
using SdsServer.Cli.Parsing;
using SdsServer.Testing;

namespace SdsServer.Cli.Tests.Help;

public sealed class ReferenceTests
{
    [Fact]
    public async Task The_manual_is_what_the_help_says()
    {
        string file = Path.Combine(RepositoryRoot.Path, "docs", "cli.md");
        CliRun run = await CliRun.OfAsync(["reference"]);
        if (Environment.GetEnvironmentVariable("UPDATE_SCRIPTS") == "1")
        {
            await File.WriteAllTextAsync(file, run.Out);
        }

        Assert.True(run.Out == await File.ReadAllTextAsync(file), "docs/cli.md is out of date: run 'sdsctl reference > docs/cli.md'");
    }

    [Fact]
    public void Every_command_has_two_examples_and_every_option_a_description()
    {
        foreach (Command command in Leaves(CommandTree.Create()).Where(command => !command.Hidden))
        {
            Assert.True(HelpText.ExamplesOf(command).Count >= 2 || command.Name == "repush", $"{CommandTree.Path(command)} has fewer than two examples");
            Assert.All(command.Options, option => Assert.False(string.IsNullOrEmpty(option.Description), option.Name));
            Assert.All(command.Arguments, argument => Assert.False(string.IsNullOrEmpty(argument.Description), argument.Name));
        }
    }

    [Fact]
    public void Every_example_parses()
    {
        foreach (Command command in Leaves(CommandTree.Create()))
        {
            foreach ((string line, _) in HelpText.ExamplesOf(command))
            {
                foreach (string part in Sdsctl(line))
                {
                    CliException? wrong = UsageError.Of(CommandTree.Create().Parse(CliRun.Words(part)[1..]));
                    Assert.True(wrong is null, $"{part}: {wrong?.Message}");
                }
            }
        }
    }

    // What of a shell's line belongs to sdsctl.
    private static IEnumerable<string> Sdsctl(string line) => line
        .Split(["&&", "$(", "<("], StringSplitOptions.TrimEntries)
        .Where(part => part.StartsWith("sdsctl ", StringComparison.Ordinal))
        .Select(part => part.Split('|', '>', ')')[0].Trim());

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);
}
