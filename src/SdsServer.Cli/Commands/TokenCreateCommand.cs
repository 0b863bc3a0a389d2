using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class TokenCreateCommand
{
    public static Command Create()
    {
        Argument<string> spiffeId = new("SPIFFE-ID") { Description = "The workload the token stands for, such as spiffe://example.org/payments." };
        Option<bool> join = new("--join") { Description = "Make a join token: it opens no stream, its bearer enrols with it and gets a client certificate. In SPIFFE-ID '*' may then stand for any one segment." };
        Option<int?> uses = new("--uses") { HelpName = "N", Description = "How often a join token may be used; 0 for any number. Default: 1." };
        uses.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int value) && value < 0)
            {
                result.AddError("--uses is 0 or more");
            }
        });
        Option<TimeSpan?> ttl = Parsing.Duration.Option("--ttl", "How long it is accepted. Default: the server's setting.");
        Option<string> displayName = new("--display-name") { HelpName = "TEXT", Description = "A name for people." };
        Option<FileInfo> output = new("--output", "-o") { HelpName = "FILE", Description = "Write the token to this new file, readable by you alone, instead of stdout." };
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("create", "Makes a bearer token for a workload. The token is shown once and stored nowhere.") { spiffeId, join, uses, ttl, displayName, output, reason }.With(
            [
                ("sdsctl token create spiffe://example.org/payments -o payments.token", "into a file"),
                ("TOKEN=$(sdsctl token create spiffe://example.org/payments)", "into a variable"),
                ("sdsctl token create --join --uses 20 --ttl 2h 'spiffe://example.org/ns/shop/*' -o shop.token", "for twenty machines that are about to start"),
            ],
            "An Envoy presents it as metadata 'authorization: Bearer TOKEN'; deploy/envoy shows how. With --json the answer holds the token, too.",
            "Whoever holds a join token with '*' can be any of the identities it fits.")
        .Does(session => RunAsync(session, session.Get(output), new CreateTokenRequest
        {
            Join = Uses(session.Get(join), session.Get(uses)),
            SpiffeId = session.Get(spiffeId)!,
            Ttl = session.Get(ttl)?.ToDuration(),
            DisplayName = session.Get(displayName) ?? "",
            Reason = session.Get(reason) ?? "",
        }));
    }

    private static JoinUses? Uses(bool join, int? uses) => (join, uses) switch
    {
        (true, _) => new JoinUses { Uses = uses ?? 1 },
        (false, null) => null,
        _ => throw CliException.Usage("--uses is for join tokens", "add --join, or leave it out"),
    };

    private static async Task RunAsync(Session session, FileInfo? output, CreateTokenRequest request)
    {
        // Opened first: a token that cannot be written down would be lost.
        await using FileStream? file = output is null ? null : new FileStream(output.FullName, PrivateFile.New);
        request.Parent = await session.Admin.ParentAsync();
        CreateTokenResponse made = await session.Admin.CallAsync(AdminMethods.CreateToken, request);
        if (file is not null)
        {
            await using StreamWriter writer = new(file);
            await writer.WriteLineAsync(made.Secret);
        }
        else if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(made);
        }
        else
        {
            session.Terminal.Line(made.Secret);
        }

        string kind = made.Token.Join is { } joining ? $"join token {ResourceName.Id(made.Token.Name)} ({UsesText.Of(joining)})" : $"token {ResourceName.Id(made.Token.Name)}";
        session.Terminal.Say($"made {kind} for {made.Token.SpiffeId}, accepted until {TimeText.Both(made.Token.ExpireTime, session.Now)}");
        session.Terminal.Say(output is null ? "it is not shown again" : $"it stands in {output.Name} and nowhere else");
    }
}
