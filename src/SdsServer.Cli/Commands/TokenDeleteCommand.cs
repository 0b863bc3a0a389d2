using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class TokenDeleteCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The token's id, from 'sdsctl token list'; not the token itself." };
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("delete", "Deletes a token: it is refused from then on, and the streams it opened end.") { id, reason, GlobalOptions.ForceOption() }.With(
            [("sdsctl token delete 7d9f", "after a question"), ("sdsctl token delete 7d9f --force --reason leaked", "at once")])
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, string reason)
    {
        DeleteTokenRequest request = new() { Name = ResourceName.Token(await session.Admin.ParentAsync(), id), Reason = reason };
        await session.ConfirmAsync($"Delete token {id}? A workload that has no other can open no new stream.");
        DeleteTokenResponse response = await session.Admin.CallAsync(AdminMethods.DeleteToken, request);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
        }
        else
        {
            session.Terminal.Line($"deleted token {id}");
        }
    }
}
