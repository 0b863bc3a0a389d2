using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class TokenListCommand
{
    public static Command Create()
    {
        Option<string> spiffeId = new("--spiffe-id") { HelpName = "PREFIX", Description = "Only SPIFFE IDs that begin with this." };
        Option<int> limit = GlobalOptions.LimitOption(100);
        return new CliCommand("list", "Lists tokens, the newest first. Never the tokens themselves: only their hashes are kept.") { spiffeId, limit }.With(
            [("sdsctl token list", "all"), ("sdsctl token list --spiffe-id spiffe://example.org/payments", "of one workload")])
        .Does(session => RunAsync(session, session.Get(spiffeId) ?? "", session.Get(limit)));
    }

    private static async Task RunAsync(Session session, string prefix, int limit)
    {
        ListTokensResponse all = await session.Admin.ListAsync(
            AdminMethods.ListTokens, new ListTokensRequest { Parent = await session.Admin.ParentAsync(), SpiffeIdPrefix = prefix }, limit);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(all);
            return;
        }

        Grid grid = new("TOKEN", "SPIFFE ID", "NAME", "MADE", "BY", "ACCEPTED UNTIL", "JOINS LEFT", "LAST USED");
        foreach (Token token in all.Tokens)
        {
            bool expired = token.ExpireTime is { } end && end.ToDateTimeOffset() <= session.Now;
            grid.Add(
                ResourceName.Id(token.Name), token.SpiffeId, token.DisplayName, TimeText.Absolute(token.CreateTime), token.CreatedBy,
                new Cell($"{TimeText.Absolute(token.ExpireTime)}{(expired ? " (expired)" : "")}", expired ? Tone.Quiet : Tone.None),
                new Cell(UsesText.Left(token.Join), token.Join is { Uses: > 0 } join && join.Used >= join.Uses ? Tone.Quiet : Tone.None),
                LastUse(token));
        }

        grid.WriteTo(session.Terminal);
        if (all.NextPageToken.Length > 0)
        {
            session.Terminal.Say($"there are more than {limit}; see all with --limit 0");
        }
    }

    // Of tokens that open streams it is not recorded: that would be a write for each stream.
    private static string LastUse(Token token) => token switch
    {
        { LastUseTime: { } at } => TimeText.Absolute(at),
        { Join: not null } => "never",
        _ => "",
    };
}
