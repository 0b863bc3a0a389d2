using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationWatchCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "Which rotation. Default: the active one, else the last.", Arity = ArgumentArity.ZeroOrOne };
        return new CliCommand("watch", "Follows a rotation to its end: redrawn on a terminal, a line for each change otherwise.") { id }.With(
            [("sdsctl rotation watch", "the active one"), ("sdsctl rotation start --new && sdsctl rotation watch", "start, and wait for the end")],
            "Exit code 0 when it came to its new root, 1 when it was turned back or an emergency took over. A restart of the server does not end it.")
        .Does(session => RunAsync(session, session.Get(id)));
    }

    private static async Task<int> RunAsync(Session session, string? id)
    {
        WatchRotationRequest request = new() { Name = await RotationName.ChooseAsync(session, id) };
        Rotation last = await FollowAsync(session, request);
        if (session.Terminal.Format != OutputFormat.Json)
        {
            Screen screen = new();
            if (session.Terminal.Animates)
            {
                RotationScreen.AddTo(screen, last, session.Now, decisions: 5);
            }

            await DrainAdvice.AddToAsync(session, screen, last);
            screen.WriteTo(session.Terminal);
        }

        return last.State == RotationState.Completed ? ExitCodes.Ok : ExitCodes.Failure;
    }

    private static async Task<Rotation> FollowAsync(Session session, WatchRotationRequest request)
    {
        using LiveScreen live = new(session.Terminal);
        string lastLine = "";
        Rotation rotation = new();
        await foreach (WatchRotationResponse response in Watch.ForeverAsync(session, AdminMethods.WatchRotation, () => request))
        {
            rotation = response.Rotation;
            string line = RotationScreen.Line(rotation, session.Now);
            if (session.Terminal.Format == OutputFormat.Json)
            {
                session.Terminal.JsonLine(response);
            }
            else if (session.Terminal.Animates)
            {
                Screen screen = new();
                RotationScreen.AddTo(screen, rotation, session.Now, decisions: 5);
                live.Show(screen, session.Now);
            }
            else if (line != lastLine)
            {
                session.Terminal.Line($"{TimeText.Absolute(session.Now)} {line}");
                lastLine = line;
            }

            if (rotation.State != RotationState.Active)
            {
                break;
            }
        }

        return rotation;
    }
}
