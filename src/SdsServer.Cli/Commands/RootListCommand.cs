using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RootListCommand
{
    public static Command Create() =>
        new CliCommand("list", "Lists roots and other authorities: what each does, where its key is, how long it lasts.").With(
            [("sdsctl root list", "newest first"), ("sdsctl root list --plain | cut -f1,6", "ids and dates of expiry")],
            "Roles: active signs and is trusted, passive is trusted, inactive is known and unused.")
        .Does(RunAsync);

    private static async Task RunAsync(Session session)
    {
        ListAuthoritiesResponse all = await session.Admin.ListAsync(
            AdminMethods.ListAuthorities, new ListAuthoritiesRequest { Parent = await session.Admin.ParentAsync() });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(all);
            return;
        }

        Grid grid = new("ROOT", "ROLE", "PROVIDER", "KEY", "VALID FROM", "EXPIRES", "SINCE EPOCH", "SKI", "NOTES");
        foreach (Authority authority in all.Authorities)
        {
            grid.Add(
                ResourceName.Id(authority.Name),
                new Cell(EnumText.Of(authority.Role), authority.Role switch { AuthorityRole.Active => Tone.Good, AuthorityRole.Passive => Tone.None, _ => Tone.Quiet }),
                EnumText.Of(authority.Provider), EnumText.Of(authority.KeyAlgorithm), TimeText.Date(authority.NotBefore), Expiry(authority, session),
                authority.Since == 0 ? "-" : $"{authority.Since}", authority.Ski[..Math.Min(16, authority.Ski.Length)], Notes(authority));
        }

        grid.WriteTo(session.Terminal);
    }

    private static Cell Expiry(Authority authority, Session session) => session.Terminal.Format == OutputFormat.Plain
        ? TimeText.Absolute(authority.NotAfter)
        : $"{TimeText.Date(authority.NotAfter)} ({TimeText.Relative(authority.NotAfter, session.Now)})";

    private static Cell Notes(Authority authority) =>
        authority.Tainted ? new Cell("tainted: signs nothing any more", Tone.Bad)
        : authority.DroppedAt > 0 ? new Cell($"left the bundle at epoch {authority.DroppedAt}", Tone.Quiet)
        : authority.DisplayName;
}
