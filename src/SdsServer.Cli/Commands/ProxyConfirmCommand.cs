using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class ProxyConfirmCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The proxy's id, from 'sdsctl proxy list --unmanaged'." };
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say whether it could be confirmed; confirm nothing.");
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("confirm", "States what you have found: a proxy that takes leaves but no bundle from here trusts exactly the roots of the bundle as it is now.")
        {
            id, dryRun, reason, GlobalOptions.ForceOption(),
        }.With(
            [("sdsctl proxy confirm 3f2a --reason 'trust store checked on the host'", "after a question"), ("sdsctl proxy list --unmanaged", "who has to be confirmed")],
            "Say it again after each change of the bundle, when the new root comes and when the old one goes, and after each restart of the server: unlike 'sdsctl anchors confirm' it is not stored.",
            "If it trusts something else after all, its handshakes fail at the next step.")
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(dryRun), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, bool dryRun, string reason)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        string name = ResourceName.Instance(trust.Name, id);
        Instance proxy = await session.Admin.CallAsync(AdminMethods.GetInstance, new GetInstanceRequest { Name = name });
        session.Terminal.Say($"{ResourceName.Id(name)}: {proxy.SpiffeId}, node {proxy.NodeId}, {proxy.Peer}");
        session.Terminal.Say($"the bundle of epoch {trust.Epoch} holds:");
        foreach (BundleRoot root in trust.Bundle)
        {
            session.Terminal.Say($"  {ResourceName.Id(root.Authority)}: {root.Subject}, key id {root.Ski}");
        }

        if (!dryRun)
        {
            await session.ConfirmAsync("Have you seen that this proxy trusts exactly these?");
        }

        Instance confirmed = await session.Admin.CallAsync(
            AdminMethods.ConfirmTrust, new ConfirmTrustRequest { Name = name, Epoch = trust.Epoch, ValidateOnly = dryRun, Reason = reason });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(confirmed);
            return;
        }

        session.Terminal.Line(dryRun ? $"{id} may be confirmed" : $"confirmed: {id} trusts the bundle of epoch {trust.Epoch}");
    }
}
