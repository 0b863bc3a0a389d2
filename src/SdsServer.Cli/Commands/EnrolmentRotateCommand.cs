using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class EnrolmentRotateCommand
{
    public static Command Create()
    {
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("rotate", "Makes another authority for client certificates and deletes the key of the one before.") { reason }.With(
            [
                ("sdsctl enrolment rotate --reason yearly", "clients have nothing to do"),
                ("sdsctl enrolment rotate --server https://sds.example:9443 --cert me.crt --key me.key", "from elsewhere, as an admin"),
            ],
            "It has nothing to do with the roots of the mesh. Certificates of the one before count on until they end or are revoked.")
        .Does(session => RunAsync(session, session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string reason)
    {
        RotateEnrolmentAuthorityRequest request = new() { Parent = await session.Admin.ParentAsync(), Reason = reason };
        RotateEnrolmentAuthorityResponse response = await session.Admin.CallAsync(AdminMethods.RotateEnrolmentAuthority, request);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
        }
        else
        {
            session.Terminal.Line($"{response.Authority} signs from now on, until {TimeText.Both(response.ExpireTime, session.Now)}");
        }
    }
}
