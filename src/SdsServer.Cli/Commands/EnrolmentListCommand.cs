using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class EnrolmentListCommand
{
    public static Command Create()
    {
        Option<string> spiffeId = new("--spiffe-id") { HelpName = "PREFIX", Description = "Only SPIFFE IDs that begin with this." };
        Option<int> limit = GlobalOptions.LimitOption(100);
        return new CliCommand("list", "Lists the certificates of clients that have enrolled, the newest first, revoked and ended ones included.") { spiffeId, limit }.With(
            [("sdsctl enrolment list", "all"), ("sdsctl enrolment list --spiffe-id spiffe://example.org/ns/shop/", "of one namespace")])
        .Does(session => RunAsync(session, session.Get(spiffeId) ?? "", session.Get(limit)));
    }

    private static async Task RunAsync(Session session, string prefix, int limit)
    {
        ListEnrolmentsResponse all = await session.Admin.ListAsync(
            AdminMethods.ListEnrolments, new ListEnrolmentsRequest { Parent = await session.Admin.ParentAsync(), SpiffeIdPrefix = prefix }, limit);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(all);
            return;
        }

        Grid grid = new("SERIAL", "SPIFFE ID", "TOKEN", "GIVEN", "UNTIL", "STATE");
        foreach (Enrolment enrolment in all.Enrolments)
        {
            grid.Add(
                enrolment.Serial, enrolment.SpiffeId, ResourceName.Id(enrolment.Token), TimeText.Absolute(enrolment.CreateTime), TimeText.Absolute(enrolment.ExpireTime),
                enrolment.RevokeTime is not null ? new Cell($"revoked {TimeText.Absolute(enrolment.RevokeTime)}", Tone.Bad)
                    : enrolment.ExpireTime.ToDateTimeOffset() <= session.Now ? new Cell("ended", Tone.Quiet)
                    : enrolment.Serial == enrolment.FirstSerial ? "enrolled" : "renewed");
        }

        grid.WriteTo(session.Terminal);
        if (all.NextPageToken.Length > 0)
        {
            session.Terminal.Say($"there are more than {limit}; see all with --limit 0");
        }
    }
}
