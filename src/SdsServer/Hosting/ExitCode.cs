namespace SdsServer.Hosting;

/// <summary>How the process ends.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    public const int Failure = 1;

    /// <summary>EX_CONFIG of sysexits.h: a restart will not help.</summary>
    public const int Configuration = 78;
}
