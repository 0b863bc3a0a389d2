using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class ProxyListCommand
{
    public static Command Create()
    {
        Option<InstanceState[]> states = Choice.Options<InstanceState>("--state", "Only in this state; repeat for several.", EnumText.Of);
        Option<string> spiffeId = new("--spiffe-id") { HelpName = "PREFIX", Description = "Only SPIFFE IDs that begin with this." };
        Option<string> node = new("--node") { HelpName = "ID", Description = "Only this node id." };
        Option<long> below = new("--below-epoch") { HelpName = "N", Description = "Only those that may enforce a bundle older than epoch N." };
        Option<bool> nacked = new("--nacked") { Description = "Only those that refused the last thing they were sent." };
        Option<bool> unmanaged = new("--unmanaged") { Description = "Only those that take leaves but no bundle from here; see 'sdsctl proxy confirm'." };
        Option<int> limit = GlobalOptions.LimitOption(100);
        return new CliCommand("list", "Lists the Envoy processes that take secrets: what each counts as, which bundle it enforces, which leaf it holds.")
        {
            states, spiffeId, node, below, nacked, unmanaged, limit,
        }.With(
            [("sdsctl proxy list --nacked", "who refuses what it is sent"), ("sdsctl proxy list --state absent", "who is away and still counts")],
            "States: a member counts for every gate; a pending one gets the bundle first; an absent one counts until its leaf expires; a quarantined one gets no renewals.")
        .Does(session => RunAsync(session, new InstanceFilter
        {
            States = { session.Get(states) },
            SpiffeIdPrefix = session.Get(spiffeId) ?? "",
            NodeId = session.Get(node) ?? "",
            BelowEpoch = session.Get(below),
            Nacked = session.Get(nacked),
            UnmanagedTrust = session.Get(unmanaged),
        }, session.Get(limit)));
    }

    private static async Task RunAsync(Session session, InstanceFilter filter, int limit)
    {
        ListInstancesResponse all = await session.Admin.ListAsync(
            AdminMethods.ListInstances, new ListInstancesRequest { Parent = await session.Admin.ParentAsync(), Filter = filter }, limit);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(all);
            return;
        }

        Grid grid = new("PROXY", "SPIFFE ID", "NODE", "STATE", "EPOCH", "LEAF FROM", "LEAF EXPIRES", "LAST SEEN", "LAST ANSWER");
        foreach (Instance proxy in all.Instances)
        {
            OutstandingLeaf? leaf = proxy.OutstandingLeaves.LastOrDefault(l => l.Acked) ?? proxy.OutstandingLeaves.LastOrDefault();
            grid.Add(
                ResourceName.Id(proxy.Name), proxy.SpiffeId, proxy.NodeId, new Cell(EnumText.Of(proxy.State), ToneOf(proxy.State)), $"{proxy.LowestEpoch}",
                leaf is null ? "-" : ResourceName.Id(leaf.Authority), leaf is null ? "-" : TimeText.Absolute(leaf.NotAfter),
                proxy.Connected ? "connected" : TimeText.Relative(proxy.LastSeenTime, session.Now),
                proxy.LastNack is null ? new Cell("ok", Tone.Good) : new Cell("NACK", Tone.Bad));
        }

        grid.WriteTo(session.Terminal);
        if (all.NextPageToken.Length > 0)
        {
            session.Terminal.Say($"there are more than {limit}; see all with --limit 0");
        }
    }

    private static Tone ToneOf(InstanceState state) => state switch
    {
        InstanceState.Member => Tone.None,
        InstanceState.Pending => Tone.Quiet,
        InstanceState.Quarantined => Tone.Bad,
        _ => Tone.Caution,
    };
}
