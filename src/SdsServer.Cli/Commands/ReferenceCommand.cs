using System.CommandLine;
using SdsServer.Cli.Help;
using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Commands;

internal static class ReferenceCommand
{
    public static Command Create() => new CliCommand("reference", "Prints the manual, docs/cli.md.") { Hidden = true }.Does(session =>
    {
        session.Host.Out.Write(Reference.Markdown(session.Root));
        return Task.CompletedTask;
    });
}
