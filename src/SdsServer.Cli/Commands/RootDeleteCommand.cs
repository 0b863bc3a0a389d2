using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RootDeleteCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "Its id." };
        Option<bool> dryRun = GlobalOptions.DryRunOption("Check whether it may go, delete nothing.");
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("delete", "Deletes an inactive root and its key for good. Refused while anything needs it, and for seven days or as set after it has left the bundle.") { id, dryRun, reason, GlobalOptions.ForceOption() }.With(
            [("sdsctl root delete root-2020 --dry-run", "may it go?"), ("sdsctl root delete root-2020", "delete it after a question")])
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(dryRun), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, bool dryRun, string reason)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        string name = ResourceName.Authority(trust.Name, id);
        Authority root = await session.Admin.CallAsync(AdminMethods.GetAuthority, new GetAuthorityRequest { Name = name });
        session.Terminal.Say(TrustText.Line(trust));
        session.Terminal.Say($"{id}: {EnumText.Of(root.Role)}, {EnumText.Of(root.Provider)}, {root.Subject}, expires {TimeText.Both(root.NotAfter, session.Now)}");
        if (!dryRun)
        {
            await session.ConfirmAsync($"Delete root {id} and its key for good?");
        }

        DeleteAuthorityResponse deleted = await session.Admin.CallAsync(
            AdminMethods.DeleteAuthority,
            new DeleteAuthorityRequest { Name = name, ExpectedRevision = trust.Revision, ValidateOnly = dryRun, Reason = reason });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(deleted);
            return;
        }

        session.Terminal.Line(dryRun ? $"{id} may be deleted" : $"deleted root {id}");
    }
}
