using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RootRoleCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "Its id." };
        Argument<AuthorityRole> role = new("ROLE")
        {
            Description = "active (signs), passive (trusted, signs nothing) or inactive (neither).",
            CustomParser = result => Choice.Parse<AuthorityRole>(result.Tokens.Single(), result, EnumText.Of),
        };
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say whether it could be done now; do nothing.");
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("role", "Edits what a root does, one row of the table at a time, as in Open Service Mesh. Each edit is the step of a rotation, behind that step's gate.")
        {
            id, role, dryRun, reason,
        }.With(
            [
                ("sdsctl root role root-2027 passive", "everyone gets it: begins a rotation whose steps you take"),
                ("sdsctl root role root-2027 active", "it signs, once everyone trusts it"),
                ("sdsctl root role root-2025 inactive", "it goes, once no leaf needs it"),
            ],
            "There is no way from active to inactive, or back, but through passive: somebody would be refused.")
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(role), session.Get(dryRun), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, AuthorityRole role, bool dryRun, string reason)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        session.Terminal.Say(TrustText.Line(trust));
        Authority root = await session.Admin.CallAsync(AdminMethods.SetAuthorityRole, new SetAuthorityRoleRequest
        {
            Name = ResourceName.Authority(trust.Name, id),
            ExpectedRevision = trust.Revision,
            Role = role,
            ValidateOnly = dryRun,
            Reason = reason,
        });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(root);
            return;
        }

        string asked = EnumText.Of(role), now = EnumText.Of(root.Role);
        session.Terminal.Line(dryRun ? $"possible now: {id} becomes {asked}" : now == asked ? $"{id} is {asked}" : $"{id} is on its way to {asked}; now {now}");
        session.Terminal.Say(dryRun ? "nothing was changed; run it without --dry-run" : "follow it with: sdsctl rotation watch");
    }
}
