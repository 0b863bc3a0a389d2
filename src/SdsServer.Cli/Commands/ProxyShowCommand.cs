using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class ProxyShowCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The proxy's id, from 'sdsctl proxy list'." };
        return new CliCommand("show", "Shows one proxy: what it may be running, what it refused and in which words.") { id }.With(
            [("sdsctl proxy show 3f2a", "everything about it"), ("sdsctl proxy show 3f2a --json | jq -r .lastNack.detail", "Envoy's words alone")])
        .Does(session => RunAsync(session, session.Get(id)!));
    }

    private static async Task RunAsync(Session session, string id)
    {
        Instance proxy = await session.Admin.CallAsync(
            AdminMethods.GetInstance, new GetInstanceRequest { Name = ResourceName.Instance(await session.Admin.ParentAsync(), id) });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(proxy);
            return;
        }

        DateTimeOffset now = session.Now;
        Grid facts = new("", "");
        facts.Add("proxy", new Cell(ResourceName.Id(proxy.Name), Tone.Heading));
        facts.Add("spiffe id", proxy.SpiffeId);
        facts.Add("node", $"{proxy.NodeId} (a claim), {proxy.UserAgent}, from {proxy.Peer}");
        facts.Add("state", $"{EnumText.Of(proxy.State)}{(proxy.BundleOnly ? ", takes the bundle and no leaf, so no expiry ends its membership" : "")}");
        facts.Add("connection", proxy.Connected ? proxy.Replica.Length > 0 ? $"connected to {proxy.Replica}" : "connected" : $"none since {TimeText.Both(proxy.LastSeenTime, now)}");
        facts.Add("first seen", TimeText.Both(proxy.FirstSeenTime, now));
        if (proxy.Connected)
        {
            facts.Add("last seen", TimeText.Both(proxy.LastSeenTime, now));
        }

        facts.Add("secrets", proxy.Secrets.Count > 0 ? string.Join(", ", proxy.Secrets) : "-");
        facts.Add("bundle", $"may enforce epoch {proxy.LowestEpoch} or newer; {proxy.LiveSubscriptions} of {proxy.Slots} subscriptions live{(proxy.Dirty ? "; gets bytes of its own" : "")}");
        if (proxy.Wave > 0)
        {
            facts.Add("wave", $"{proxy.Wave}");
        }

        if (proxy.UnmanagedTrust)
        {
            facts.Add("trust", proxy.TrustConfirmed
                ? new Cell("takes no bundle from here; an operator has confirmed that it trusts what the bundle holds", Tone.None)
                : new Cell($"takes no bundle from here, and nobody has confirmed what it trusts: 'sdsctl proxy confirm {ResourceName.Id(proxy.Name)}'", Tone.Caution));
        }

        if (proxy.Cluster.Length > 0 || proxy.Labels.Count > 0)
        {
            facts.Add("waves see", string.Join(", ", proxy.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}").Prepend($"cluster {proxy.Cluster}")));
        }

        if (proxy.LastNack is { } nack)
        {
            facts.Add("refused", new Cell($"{nack.Secret}, {TimeText.Both(nack.Time, now)}", Tone.Bad));
            facts.Add("Envoy says", new Cell(nack.Detail, Tone.Bad));
        }

        Screen screen = new();
        screen.Add(facts);
        AddLeaves(screen, proxy, now);
        screen.WriteTo(session.Terminal);
        if (proxy.LastNack is not null)
        {
            session.Terminal.Say($"mend that Envoy, then send again with: sdsctl proxy repush {ResourceName.Id(proxy.Name)}");
        }
    }

    private static void AddLeaves(Screen screen, Instance proxy, DateTimeOffset now)
    {
        if (proxy.OutstandingLeaves.Count == 0)
        {
            screen.Line("it holds no leaf");
            return;
        }

        Grid leaves = new("LEAF IT MAY PRESENT", "FROM", "EXPIRES", "ANSWER");
        foreach (OutstandingLeaf leaf in proxy.OutstandingLeaves)
        {
            leaves.Add(
                leaf.Serial, ResourceName.Id(leaf.Authority), TimeText.Both(leaf.NotAfter, now),
                leaf.Nacked ? new Cell("refused, may be live", Tone.Bad) : leaf.Acked ? new Cell("taken", Tone.Good) : new Cell("none yet", Tone.Caution));
        }

        screen.Line().Add(leaves);
    }
}
