using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationListCommand
{
    public static Command Create()
    {
        Option<int> limit = GlobalOptions.LimitOption(20);
        return new CliCommand("list", "Lists rotations, the newest first.") { limit }.With(
            [("sdsctl rotation list", "the last 20"), ("sdsctl rotation list --limit 0 --json", "all of them, for a program")])
        .Does(session => RunAsync(session, session.Get(limit)));
    }

    private static async Task RunAsync(Session session, int limit)
    {
        ListRotationsResponse all = await session.Admin.ListAsync(
            AdminMethods.ListRotations, new ListRotationsRequest { Parent = await session.Admin.ParentAsync() }, limit);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(all);
            return;
        }

        Grid grid = new("ROTATION", "FROM", "TO", "STATE", "PHASE", "STARTED", "ENDED");
        foreach (Rotation rotation in all.Rotations)
        {
            bool active = rotation.State == RotationState.Active;
            grid.Add(
                ResourceName.Id(rotation.Name), ResourceName.Id(rotation.FromAuthority), ResourceName.Id(rotation.ToAuthority),
                new Cell(rotation.Held ? "held" : EnumText.Of(rotation.State), rotation.Held ? Tone.Bad : active ? Tone.Caution : Tone.None),
                active ? EnumText.Of(rotation.Phase) : "-", TimeText.Absolute(rotation.CreateTime), TimeText.Absolute(rotation.FinishTime));
        }

        grid.WriteTo(session.Terminal);
    }
}
