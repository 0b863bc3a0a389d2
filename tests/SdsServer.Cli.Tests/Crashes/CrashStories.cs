using Xunit.Abstractions;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>Runs stories and says how they went, a line each.</summary>
[Trait("Rule", "E14.4")]
public abstract class CrashStories(ITestOutputHelper output)
{
    private static readonly bool s_all = Environment.GetEnvironmentVariable("SDSSERVER_E2E") == "all";

    private protected async Task<CrashReport> TellAsync(CrashPlan plan)
    {
        CrashReport report = await CrashStory.RunAsync(plan);
        CrashTable.Add(report);
        output.WriteLine($"{report}");
        return report;
    }

    /// <summary>Kills at commits of a rotation, each in a story of its own: at all of them with SDSSERVER_E2E=all.</summary>
    /// <param name="how">What the kill is.</param>
    /// <param name="rotation">Of what.</param>
    /// <param name="usual">Otherwise: at this commit alone.</param>
    private protected async Task KillAtAsync(KillKind how, CrashRotation rotation, int usual)
    {
        int all = usual;
        if (s_all)
        {
            CrashReport unharmed = await TellAsync(new CrashPlan(0, Again: null, how, rotation));
            Assert.Empty(unharmed.Problems);
            all = unharmed.Commits;
        }

        List<CrashReport> reports = [];
        foreach (int commit in s_all ? Enumerable.Range(1, all) : [usual])
        {
            reports.Add(await TellAsync(new CrashPlan(commit, Again: null, how, rotation)));
        }

        Assert.All(reports, report => Assert.True(report.Problems.IsEmpty, $"{report}"));
        // How evidence is grouped into commits differs a little, so the last few may not come.
        Assert.All(reports, report => Assert.True(report.Kills.Length == 1 || (s_all && report.Plan.First > all * 2 / 3), $"never killed: {report}"));
    }

    private protected async Task KillAgainAndAgainAsync(CrashRotation rotation)
    {
        CrashReport report = await TellAsync(new CrashPlan(First: 3, Again: 4, KillKind.AtCommit, rotation));
        Assert.True(report.Problems.IsEmpty, $"{report}");
        Assert.True(report.Kills.Length > 2, $"killed only {report.Kills.Length} times: {report}");
    }
}
