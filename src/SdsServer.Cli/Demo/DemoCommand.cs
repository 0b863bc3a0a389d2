using System.CommandLine;
using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Demo;

internal static class DemoCommand
{
    public static Command Create() => new CliCommand("demo", "x").Does(_ => Task.CompletedTask);
}
