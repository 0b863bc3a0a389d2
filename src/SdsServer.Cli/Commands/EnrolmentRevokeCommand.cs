using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class EnrolmentRevokeCommand
{
    private const string SpiffeScheme = "spiffe://";

    public static Command Create()
    {
        Argument<string> which = new("WHICH") { Description = "A SPIFFE ID: all its certificates; or a serial number from 'sdsctl enrolment list': all of that enrolment, its renewals included." };
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("revoke", "Takes certificates of enrolments back: the streams they opened end, and they open no more.") { which, reason, GlobalOptions.ForceOption() }.With(
            [
                ("sdsctl enrolment revoke spiffe://example.org/payments --reason 'machine was stolen'", "after a question"),
                ("sdsctl enrolment revoke 5c0f8e --force", "one enrolment, at once"),
            ],
            "For a SPIFFE ID, leaves that it has up to now are no evidence any more, either. Peers in the mesh accept them until they end; only a rotation changes that.",
            "A join token that fits the same identity can enrol it again: delete that, too.")
        .Does(session => RunAsync(session, session.Get(which)!, session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string which, string reason)
    {
        RevokeEnrolmentsRequest request = new() { Parent = await session.Admin.ParentAsync(), Reason = reason };
        if (which.StartsWith(SpiffeScheme, StringComparison.OrdinalIgnoreCase))
        {
            request.SpiffeId = which;
        }
        else
        {
            request.Serial = which.ToLowerInvariant();
        }

        await session.ConfirmAsync($"Revoke {which}? Its proxies get no secrets until they enrol again.");
        RevokeEnrolmentsResponse response = await session.Admin.CallAsync(AdminMethods.RevokeEnrolments, request);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
        }
        else
        {
            session.Terminal.Line($"revoked {response.Revoked} {(response.Revoked == 1 ? "certificate" : "certificates")}");
        }
    }
}
