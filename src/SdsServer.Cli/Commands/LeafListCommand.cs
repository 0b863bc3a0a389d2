using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class LeafListCommand
{
    public static Command Create()
    {
        Option<LeafState[]> states = Choice.Options<LeafState>("--state", "Only in this state; repeat for several.", EnumText.Of);
        Option<string> spiffeId = new("--spiffe-id") { HelpName = "PREFIX", Description = "Only SPIFFE IDs that begin with this." };
        Option<string> proxy = new("--proxy") { HelpName = "ID", Description = "Only those that went to this proxy." };
        Option<string> root = new("--root") { HelpName = "ID", Description = "Only those signed by this root." };
        Option<string> needs = new("--needs") { HelpName = "ID", Description = "Only those that no other root vouches for: they block the removal of this root." };
        Option<TimeSpan?> expiring = Parsing.Duration.Option("--expires-within", "Only those that expire within this time.");
        Option<int> limit = GlobalOptions.LimitOption(100);
        return new CliCommand("list", "Lists the leaves that were issued, the newest first: from the ledger, which never holds the certificate itself.")
        {
            states, spiffeId, proxy, root, needs, expiring, limit,
        }.With(
            [("sdsctl leaf list --needs root-2020", "who keeps the old root in the bundle"), ("sdsctl leaf list --expires-within 1h --state acked", "what runs out soon")])
        .Does(async session =>
        {
            string parent = await session.Admin.ParentAsync();
            ListLeavesRequest request = new()
            {
                Parent = parent,
                States = { session.Get(states) },
                SpiffeIdPrefix = session.Get(spiffeId) ?? "",
                Instance = session.Get(proxy) is { } p ? ResourceName.Instance(parent, p) : "",
                Authority = session.Get(root) is { } r ? ResourceName.Authority(parent, r) : "",
                ExpiresBefore = session.Get(expiring) is { } within ? (session.Now + within).ToTimestamp() : null,
            };
            if (session.Get(needs) is { } id)
            {
                request.NeedsRootId = (await session.Admin.CallAsync(AdminMethods.GetAuthority, new GetAuthorityRequest { Name = ResourceName.Authority(parent, id) })).RootId;
            }

            await RunAsync(session, request, session.Get(limit));
        });
    }

    private static async Task RunAsync(Session session, ListLeavesRequest request, int limit)
    {
        ListLeavesResponse all = await session.Admin.ListAsync(AdminMethods.ListLeaves, request, limit);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(all);
            return;
        }

        Grid grid = new("SERIAL", "SPIFFE ID", "PROXY", "FROM", "ISSUED", "EXPIRES", "STATE");
        foreach (Leaf leaf in all.Leaves)
        {
            grid.Add(
                leaf.Serial, leaf.SpiffeId, ResourceName.Id(leaf.Instance), ResourceName.Id(leaf.Authority), TimeText.Absolute(leaf.IssueTime), TimeText.Absolute(leaf.NotAfter),
                new Cell($"{EnumText.Of(leaf.State)}{(leaf.CertificateAuthority ? ", a CA" : "")}", leaf.State switch
                {
                    LeafState.Acked => Tone.Good,
                    LeafState.Nacked => Tone.Bad,
                    LeafState.Issued => Tone.Caution,
                    _ => Tone.Quiet,
                }));
        }

        grid.WriteTo(session.Terminal);
        if (all.NextPageToken.Length > 0)
        {
            session.Terminal.Say($"there are more than {limit}; see all with --limit 0");
        }
    }
}
