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
        Option<TimeSpan?> ttl = Parsing.Duration.Option("--ttl", "How long it is accepted. Default: the server's setting.");
        Option<string> displayName = new("--display-name") { HelpName = "TEXT", Description = "A name for people." };
        Option<FileInfo> output = new("--output", "-o") { HelpName = "FILE", Description = "Write the token to this new file, readable by you alone, instead of stdout." };
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("create", "Makes a bearer token for a workload. The token is shown once and stored nowhere.") { spiffeId, ttl, displayName, output, reason }.With(
            [
                ("sdsctl token create spiffe://example.org/payments -o payments.token", "into a file"),
                ("TOKEN=$(sdsctl token create spiffe://example.org/payments)", "into a variable"),
            ],
            "An Envoy presents it as metadata 'authorization: Bearer TOKEN'; deploy/envoy shows how. With --json the answer holds the token, too.")
        .Does(session => RunAsync(session, session.Get(output), new CreateTokenRequest
        {
            SpiffeId = session.Get(spiffeId)!,
            Ttl = session.Get(ttl)?.ToDuration(),
            DisplayName = session.Get(displayName) ?? "",
            Reason = session.Get(reason) ?? "",
        }));
    }

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

        session.Terminal.Say($"made token {ResourceName.Id(made.Token.Name)} for {made.Token.SpiffeId}, accepted until {TimeText.Both(made.Token.ExpireTime, session.Now)}");
        session.Terminal.Say(output is null ? "it is not shown again" : $"it stands in {output.Name} and nowhere else");
    }
}
