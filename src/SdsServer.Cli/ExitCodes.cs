namespace SdsServer.Cli;

/// <summary>What sdsctl returns to the shell.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failure = 1;
    public const int Usage = 2;
    public const int NotFound = 3;
    public const int Refused = 4;
    public const int Unreachable = 5;
    public const int Interrupted = 130;
    public const int Terminated = 143;

    /// <summary>Code and meaning, for the help.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Ok, "done"),
        (Failure, "it failed; what went wrong is on stderr"),
        (Usage, "the command line is wrong, or the server found a wrong value in it"),
        (NotFound, "there is no such root, rotation, proxy, token or registration"),
        (Refused, "the server refused it and changed nothing: a gate is closed, the state has moved on, or you may not"),
        (Unreachable, "the server cannot be reached or did not answer in time"),
        (Interrupted, "ended by Ctrl-C"),
        (Terminated, "ended by SIGTERM"),
    ];
}
