using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationForwardCommand
{
    public static Command Create()
    {
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say whether it would be possible; change nothing.");
        Option<long?> revision = GlobalOptions.RevisionOption();
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("forward", "Turns a rotation that was rolled back towards the new root again; where it is held, that lifts the hold.") { dryRun, revision, reason }.With(
            [("sdsctl rotation forward --reason 'payments is mended'", "go on to the new root"), ("sdsctl rotation forward --dry-run", "is it possible?")])
        .Does(session => RunAsync(session, session.Get(dryRun), session.Get(revision), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, bool dryRun, long? revision, string reason)
    {
        ActiveRotation active = await ActiveRotation.ReadAsync(session);
        Rotation rotation = await session.Admin.CallAsync(AdminMethods.ResumeForward, new ResumeForwardRequest
        {
            Name = active.Rotation.Name,
            ExpectedRevision = revision ?? active.Trust.Revision,
            ValidateOnly = dryRun,
            Reason = reason,
        });
        ActiveRotation.Show(session, rotation, $"{(dryRun ? "turn" : "turned")} forward to {ResourceName.Id(active.Rotation.ToAuthority)}", dryRun);
    }
}
