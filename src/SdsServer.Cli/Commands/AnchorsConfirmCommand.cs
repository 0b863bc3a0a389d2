using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class AnchorsConfirmCommand
{
    public static Command Create()
    {
        Argument<string[]> ids = new("ID") { Description = "Ids of proxies, from 'sdsctl status' or 'sdsctl proxy list'.", Arity = ArgumentArity.OneOrMore };
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("confirm", "States what you have found: the anchors by which these proxies know the server hold every root of the bundle as it is now.")
        {
            ids, reason, GlobalOptions.ForceOption(),
        }.With(
            [("sdsctl anchors confirm 3f2a 77c0 --reason 'anchors file rolled out and watched'", "after a question"), ("sdsctl status", "who has to be confirmed")],
            "A proxy whose node states its anchors (sdsctl anchors export --metadata) needs no confirmation.",
            "A proxy that does not have them after all loses its link to the server at its next connect once the server's certificate has moved.")
        .Does(session => RunAsync(session, session.Get(ids)!, session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string[] ids, string reason)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        foreach (string id in ids)
        {
            Instance proxy = await session.Admin.CallAsync(AdminMethods.GetInstance, new GetInstanceRequest { Name = ResourceName.Instance(trust.Name, id) });
            session.Terminal.Say($"{ResourceName.Id(proxy.Name)}: {proxy.SpiffeId}, node {proxy.NodeId}, {proxy.Peer}");
        }

        session.Terminal.Say($"the bundle of epoch {trust.Epoch} holds:");
        foreach (BundleRoot root in trust.Bundle)
        {
            session.Terminal.Say($"  {ResourceName.Id(root.Authority)}: {root.Subject}, root {root.RootId}");
        }

        await session.ConfirmAsync("Have you seen that the anchors of these proxies hold all of them?");
        foreach (string id in ids)
        {
            Instance confirmed = await session.Admin.CallAsync(
                AdminMethods.ConfirmAnchors, new ConfirmAnchorsRequest { Name = ResourceName.Instance(trust.Name, id), Epoch = trust.Epoch, Reason = reason });
            if (session.Terminal.Format == OutputFormat.Json)
            {
                session.Terminal.JsonLine(confirmed);
            }
            else
            {
                session.Terminal.Line($"confirmed: {ResourceName.Id(confirmed.Name)} knows the server by the bundle of epoch {trust.Epoch}");
            }
        }
    }
}
