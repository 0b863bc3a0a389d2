namespace SdsServer.Cli.Tests.Crashes;

/// <summary>A story that is told only when all of them are: it takes minutes.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryCommitFactAttribute : FactAttribute
{
    public EveryCommitFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("SDSSERVER_E2E") != "all")
        {
            Skip = "takes minutes; set SDSSERVER_E2E=all to run it";
        }
    }
}
