using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RegistrationDeleteCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The registration's id, from 'sdsctl registration list'." };
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("delete", "Deletes a registration: streams of those who are nobody without it end, and they get no renewals.") { id, reason, GlobalOptions.ForceOption() }.With(
            [("sdsctl registration delete web", "after a question"), ("sdsctl registration delete web --force --reason 'web is gone'", "at once")],
            "Leaves that were issued stay good until they expire.")
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, string reason)
    {
        DeleteRegistrationRequest request = new() { Name = ResourceName.Registration(await session.Admin.ParentAsync(), id), Reason = reason };
        await session.ConfirmAsync($"Delete registration {id}? Its workloads get no renewals, unless their evidence names them by itself.");
        DeleteRegistrationResponse response = await session.Admin.CallAsync(AdminMethods.DeleteRegistration, request);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
        }
        else
        {
            session.Terminal.Line($"deleted registration {id}");
        }
    }
}
