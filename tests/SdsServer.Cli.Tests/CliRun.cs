using System.CommandLine.Parsing;
using SdsServer.Cli.Tests.Fakes;
using SdsServer.Testing.Leaks;

namespace SdsServer.Cli.Tests;

/// <summary>One run of sdsctl in this process.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public static async Task<CliRun> OfAsync(
        IReadOnlyList<string> args, string? server = null, string? answer = null, string directory = "/", bool realTime = false, CancellationToken cancellation = default)
    {
        using StringWriter output = new() { NewLine = "\n" };
        using StringWriter error = new() { NewLine = "\n" };
        CliHost host = new()
        {
            Out = TextWriter.Synchronized(output),
            Error = TextWriter.Synchronized(error),
            In = new StringReader(answer ?? ""),
            InputIsTerminal = answer is not null,
            Environment = name => name == "SDSCTL_SERVER" ? server : null,
            Directory = directory,
            Time = realTime ? TimeProvider.System : new FixedTime(),
        };
        int code = await new Sdsctl(host).RunAsync(args, cancellation).WaitAsync(realTime ? TimeSpan.FromMinutes(5) : s_limit, CancellationToken.None);
        CliRun run = new(code, output.ToString(), error.ToString());
        foreach (string line in $"{run.Out}{run.Error}".Split('\n'))
        {
            RunOutput.Write("sdsctl", line);
        }

        return run;
    }

    /// <summary>A command line as a shell takes it apart, with single or double quotes.</summary>
    public static string[] Words(string line) => [.. CommandLineParser.SplitCommandLine(line.Replace('\'', '"'))];
}
