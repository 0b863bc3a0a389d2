using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class ProxyRetireCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The proxy's id, from 'sdsctl proxy list'." };
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say what would happen; retire nothing.");
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("retire", "States that a proxy's process is gone for good: its leaves and its trust count no more. Refused while it is connected.")
        {
            id, dryRun, reason, GlobalOptions.ForceOption(),
        }.With(
            [("sdsctl proxy retire 3f2a --reason 'node was scrapped'", "after a question"), ("sdsctl proxy retire 3f2a --dry-run", "what would happen")],
            "If the process runs on after all, its handshakes can fail once the old root is dropped. When in doubt wait: an absent proxy stops counting when its leaf expires.")
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(dryRun), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, bool dryRun, string reason)
    {
        string name = ResourceName.Instance(await session.Admin.ParentAsync(), id);
        Instance proxy = await session.Admin.CallAsync(AdminMethods.GetInstance, new GetInstanceRequest { Name = name });
        session.Terminal.Say($"{ResourceName.Id(name)}: {proxy.SpiffeId}, node {proxy.NodeId}, {EnumText.Of(proxy.State)}, "
            + (proxy.Connected ? "connected now" : $"last seen {TimeText.Both(proxy.LastSeenTime, session.Now)}"));
        if (!dryRun)
        {
            await session.ConfirmAsync("Is that process gone for good? Its handshakes can fail if it is not.");
        }

        RetireInstanceResponse response = await session.Admin.CallAsync(
            AdminMethods.RetireInstance, new RetireInstanceRequest { Name = name, ValidateOnly = dryRun, Reason = reason });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
            return;
        }

        int leaves = response.Instance?.OutstandingLeaves.Count ?? 0;
        string counted = $"{leaves} outstanding {(leaves == 1 ? "leaf counts" : "leaves count")} no more";
        session.Terminal.Line(dryRun ? $"{id} may be retired: {counted}" : $"retired {id}: {counted}");
    }
}
