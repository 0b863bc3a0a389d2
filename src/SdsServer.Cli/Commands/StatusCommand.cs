using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create()
    {
        Option<bool> watch = new("--watch", "-w") { Description = "Keep showing it: redrawn on a terminal, a line for each change otherwise." };
        Option<TimeSpan> wait = Duration.Option("--wait", "How long to wait for a server that has only just been started.", TimeSpan.Zero);
        return new CliCommand("status", "Shows where the mesh stands, on one screen: phase, trusted roots, signer, rotation and what it waits for, warnings.")
        {
            watch,
            wait,
        }.With(
            [("sdsctl status", "one screen"), ("sdsctl status --watch", "the same, kept up to date"),
                ("sdsctl status --wait 30s", "after a start: as soon as the server answers"), ("sdsctl status --json | jq .trustDomain.phase", "for scripts")])
        .Does(async session =>
        {
            await session.ReachAsync(session.Get(wait));
            await (session.Get(watch) ? WatchAsync(session) : ShowAsync(session));
        });
    }

    private static async Task ShowAsync(Session session)
    {
        StatusReport report = await StatusReport.ReadAsync(session.Admin, await session.Admin.TrustDomainAsync());
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(report.ToJson(session.Now));
        }
        else
        {
            StatusScreen.Of(report, session.Now).WriteTo(session.Terminal);
        }
    }

    private static async Task WatchAsync(Session session)
    {
        using LiveScreen live = new(session.Terminal);
        WatchTrustDomainRequest request = new() { Name = await session.Admin.ParentAsync() };
        await foreach (WatchTrustDomainResponse response in Watch.ForeverAsync(session, AdminMethods.WatchTrustDomain, () => request))
        {
            TrustDomain trust = response.TrustDomain;
            switch (session.Terminal.Format)
            {
                case OutputFormat.Json:
                    session.Terminal.JsonLine(response);
                    break;
                case OutputFormat.Human when session.Terminal.Animates:
                    live.Show(StatusScreen.Of(await StatusReport.ReadAsync(session.Admin, trust), session.Now), session.Now);
                    break;
                default:
                    FleetCounts fleet = trust.Fleet ?? new();
                    session.Terminal.Line($"{TimeText.Absolute(session.Now)} revision {trust.Revision}: {TrustText.State(trust)}, {fleet.Proven} of {fleet.Members} proven");
                    break;
            }
        }
    }
}
