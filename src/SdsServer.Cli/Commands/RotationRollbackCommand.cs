using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationRollbackCommand
{
    public static Command Create()
    {
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say whether it would be possible; change nothing.");
        Option<long?> revision = GlobalOptions.RevisionOption();
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("rollback", "Turns the active rotation back to the old root. Possible at every step; the way back waits for the same gates, so nothing breaks.") { dryRun, revision, reason }.With(
            [("sdsctl rotation rollback --reason 'payments fail to connect'", "turn back"), ("sdsctl rotation rollback --dry-run", "is it possible?")],
            "It can be turned forward again with 'sdsctl rotation forward'.")
        .Does(session => RunAsync(session, session.Get(dryRun), session.Get(revision), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, bool dryRun, long? revision, string reason)
    {
        ActiveRotation active = await ActiveRotation.ReadAsync(session);
        Rotation rotation = await session.Admin.CallAsync(AdminMethods.RollbackRotation, new RollbackRotationRequest
        {
            Name = active.Rotation.Name,
            ExpectedRevision = revision ?? active.Trust.Revision,
            ValidateOnly = dryRun,
            Reason = reason,
        });
        ActiveRotation.Show(session, rotation, $"{(dryRun ? "turn" : "turned")} back to {ResourceName.Id(active.Rotation.FromAuthority)}", dryRun);
    }
}
