using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class ProxyRepushCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The proxy's id, from 'sdsctl proxy list'." };
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("repush", "Sends all its secrets to a proxy again, as fresh bytes: a new leaf, a bundle with a new salt. Envoy takes identical bytes without applying them.")
        {
            id, reason,
        }.With([("sdsctl proxy repush 3f2a", "after its Envoy was mended")])
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, string reason)
    {
        RepushSecretsResponse response = await session.Admin.CallAsync(AdminMethods.RepushSecrets, new RepushSecretsRequest
        {
            Name = ResourceName.Instance(await session.Admin.ParentAsync(), id),
            Reason = reason,
        });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
            return;
        }

        session.Terminal.Line($"sends again to {id}: {string.Join(", ", response.Secrets)}");
        session.Terminal.Say($"see its answer with: sdsctl proxy show {id}");
    }
}
