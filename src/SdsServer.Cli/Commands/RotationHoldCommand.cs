using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Parsing;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationHoldCommand
{
    private const int Attempts = 5;

    public static Command Create()
    {
        Option<long?> revision = GlobalOptions.RevisionOption();
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("hold", "Stops the active rotation where it is: no step until 'sdsctl rotation unhold'. Serving and renewals go on.") { revision, reason }.With(
            [("sdsctl rotation hold --reason 'looking into errors'", "stop"), ("sdsctl rotation unhold", "go on")],
            "To stop does not depend on where the rotation stands, so a state that moved on meanwhile is read again and the command repeated. Not with --revision: then it is refused.")
        .Does(session => RunAsync(session, session.Get(revision), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, long? revision, string reason)
    {
        for (int attempt = 1; ; attempt++)
        {
            ActiveRotation active = await ActiveRotation.ReadAsync(session);
            try
            {
                Rotation rotation = await session.Admin.CallAsync(AdminMethods.HoldRotation, new HoldRotationRequest
                {
                    Name = active.Rotation.Name,
                    ExpectedRevision = revision ?? active.Trust.Revision,
                    Reason = reason,
                });
                ActiveRotation.Show(session, rotation, "held: no step is taken any more", next: "let it go on with: sdsctl rotation unhold; turn it back with: sdsctl rotation rollback");
                return;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Aborted && revision is null && attempt < Attempts)
            {
            }
        }
    }
}
