using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationStatusCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "Which rotation. Default: the active one, else the last.", Arity = ArgumentArity.ZeroOrOne };
        Option<int> decisions = new("--decisions") { HelpName = "N", Description = "Show the last N decisions. Default: 5.", DefaultValueFactory = _ => 5 };
        GlobalOptions.RequireAtLeast(decisions, 0);
        return new CliCommand("status", "Shows a rotation: where it stands, how far it is, what it waits for, who blocks it and what to do.") { id, decisions }.With(
            [("sdsctl rotation status", "the active one, or the last"), ("sdsctl rotation status --decisions 200", "with everything that was decided")])
        .Does(session => RunAsync(session, session.Get(id), session.Get(decisions)));
    }

    private static async Task RunAsync(Session session, string? id, int decisions)
    {
        Rotation rotation = await session.Admin.CallAsync(AdminMethods.GetRotation, new GetRotationRequest { Name = await RotationName.ChooseAsync(session, id) });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(rotation);
            return;
        }

        Screen screen = new();
        RotationScreen.AddTo(screen, rotation, session.Now, decisions);
        await DrainAdvice.AddToAsync(session, screen, rotation);
        screen.WriteTo(session.Terminal);
    }
}
