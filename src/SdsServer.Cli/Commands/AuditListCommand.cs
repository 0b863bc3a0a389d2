using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class AuditListCommand
{
    public static Command Create()
    {
        Option<bool> follow = new("--follow") { Description = "Then keep printing new entries as they come." };
        Option<string> actor = new("--actor") { HelpName = "NAME", Description = "Only by this actor." };
        Option<string> resource = new("--resource") { HelpName = "NAME", Description = "Only about this resource or one below it." };
        Option<TimeSpan?> since = Parsing.Duration.Option("--since", "Only from this long ago on.");
        Option<int> limit = GlobalOptions.LimitOption(50);
        return new CliCommand("list", "Shows who did what, when and why; the last entry at the bottom.") { follow, actor, resource, since, limit }.With(
            [("sdsctl audit list --since 24h", "the last day"), ("sdsctl audit list --follow", "the last entries, then each new one")],
            "--follow shows every new entry; --actor and --resource choose among the earlier ones only.")
        .Does(session => RunAsync(session, session.Get(follow), session.Get(limit), new ListAuditEntriesRequest
        {
            Actor = session.Get(actor) ?? "",
            Resource = session.Get(resource) ?? "",
            StartTime = session.Get(since) is { } ago ? (session.Now - ago).ToTimestamp() : null,
        }));
    }

    private static async Task RunAsync(Session session, bool follow, int limit, ListAuditEntriesRequest request)
    {
        request.Parent = await session.Admin.ParentAsync();
        ListAuditEntriesResponse found = await session.Admin.ListAsync(AdminMethods.ListAuditEntries, request, limit);
        if (session.Terminal.Format == OutputFormat.Json && !follow)
        {
            session.Terminal.Json(found);
            return;
        }

        Print(session, found.AuditEntries.Reverse(), table: true);
        if (!follow)
        {
            return;
        }

        long last = found.AuditEntries.Count > 0 ? found.AuditEntries[0].Number : await NewestAsync(session, request.Parent);
        await foreach (WatchAuditEntriesResponse response in Watch.ForeverAsync(
            session, AdminMethods.WatchAuditEntries, () => new WatchAuditEntriesRequest { Parent = request.Parent, AfterNumber = last }))
        {
            Print(session, response.AuditEntries, table: false);
            last = response.AuditEntries.Count > 0 ? response.AuditEntries[^1].Number : last;
        }
    }

    private static async Task<long> NewestAsync(Session session, string parent)
    {
        ListAuditEntriesResponse newest = await session.Admin.ListAsync(AdminMethods.ListAuditEntries, new ListAuditEntriesRequest { Parent = parent }, limit: 1);
        return newest.AuditEntries.Count > 0 ? newest.AuditEntries[0].Number : 0;
    }

    private static void Print(Session session, IEnumerable<AuditEntry> entries, bool table)
    {
        if (session.Terminal.Format == OutputFormat.Json)
        {
            foreach (AuditEntry entry in entries)
            {
                session.Terminal.JsonLine(entry);
            }

            return;
        }

        Grid grid = new("NO", "TIME", "WHO", "WHAT", "ABOUT", "OUTCOME", "DETAIL", "WHY");
        foreach (AuditEntry entry in entries)
        {
            Cell[] cells =
            [
                $"{entry.Number}", TimeText.Absolute(entry.Time), entry.Actor, entry.Action, About(entry.Resource),
                new(EnumText.Of(entry.Outcome), entry.Outcome switch { AuditOutcome.Done => Tone.Good, AuditOutcome.Refused => Tone.Caution, _ => Tone.Bad }),
                entry.Detail, entry.Reason,
            ];
            if (table)
            {
                grid.Add(cells);
            }
            else
            {
                // One by one there is nothing to align with.
                session.Terminal.Line(string.Join(session.Terminal.Format == OutputFormat.Plain ? "\t" : "   ", cells.Select(cell => cell.Text)));
            }
        }

        if (table)
        {
            grid.WriteTo(session.Terminal);
        }
    }

    // `rotations/r1`: the trust domain is the same in every line.
    private static string About(string resource) => resource.Split('/') is [_, _, var collection, var id] ? $"{collection}/{id}" : resource;
}
