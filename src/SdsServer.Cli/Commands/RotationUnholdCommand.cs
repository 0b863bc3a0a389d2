using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationUnholdCommand
{
    public static Command Create()
    {
        Option<long?> revision = GlobalOptions.RevisionOption();
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("unhold", "Lets a held rotation go on; a cause that still holds, such as a violated invariant, holds it again. Refused in an emergency past its deadline, which goes on by itself.") { revision, reason }.With(
            [("sdsctl rotation unhold --reason 'false alarm'", "go on"), ("sdsctl rotation status", "see first why it is held")])
        .Does(session => RunAsync(session, session.Get(revision), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, long? revision, string reason)
    {
        ActiveRotation active = await ActiveRotation.ReadAsync(session);
        Rotation rotation = await session.Admin.CallAsync(AdminMethods.UnholdRotation, new UnholdRotationRequest
        {
            Name = active.Rotation.Name,
            ExpectedRevision = revision ?? active.Trust.Revision,
            Reason = reason,
            Cause = active.Rotation.HoldCause,
        });
        ActiveRotation.Show(session, rotation, "the rotation goes on");
    }
}
