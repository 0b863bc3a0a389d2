namespace SdsServer.Cli;

/// <summary>An outcome to be told to the operator: what is wrong, and what to do.</summary>
internal sealed class CliException(int exitCode, string message, params string[] hints) : Exception(message)
{
    public int ExitCode => exitCode;

    public IReadOnlyList<string> Hints => hints;

    public static CliException Usage(string message, params string[] hints) => new(ExitCodes.Usage, message, hints);
}
