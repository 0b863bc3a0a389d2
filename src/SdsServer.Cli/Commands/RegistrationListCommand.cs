using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RegistrationListCommand
{
    public static Command Create()
    {
        Option<int> limit = GlobalOptions.LimitOption(100);
        return new CliCommand("list", "Lists registrations by id, those of the server's file among them.") { limit }.With(
            [("sdsctl registration list", "the first hundred"), ("sdsctl registration list --limit 0 --json | jq -r '.registrations[].spiffeId'", "every ID")])
        .Does(session => RunAsync(session, session.Get(limit)));
    }

    private static async Task RunAsync(Session session, int limit)
    {
        ListRegistrationsResponse all = await session.Admin.ListAsync(
            AdminMethods.ListRegistrations, new ListRegistrationsRequest { Parent = await session.Admin.ParentAsync() }, limit);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(all);
            return;
        }

        Grid grid = new("REGISTRATION", "SPIFFE ID", "SHOWS", "PEERS", "CHANGED", "BY");
        foreach (Registration registration in all.Registrations)
        {
            bool filed = registration.Source == RegistrationSource.File;
            grid.Add(
                ResourceName.Id(registration.Name), registration.SpiffeId, string.Join(" ", registration.Selectors),
                registration.Peers.Count == 0 ? "any" : $"{registration.Peers.Count}",
                filed ? "-" : TimeText.Absolute(registration.UpdateTime), filed ? "the file" : registration.UpdatedBy);
        }

        grid.WriteTo(session.Terminal);
        if (all.NextPageToken.Length > 0)
        {
            session.Terminal.Say($"there are more than {limit}; see all with --limit 0");
        }
    }
}
