using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

/// <summary>The rotation under way, read together with the revision a command on it states.</summary>
internal sealed record ActiveRotation(TrustDomain Trust, Rotation Rotation)
{
    /// <exception cref="CliException">There is none.</exception>
    public static async Task<ActiveRotation> ReadAsync(Session session)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        if (trust.ActiveRotation.Length == 0)
        {
            throw new CliException(
                ExitCodes.NotFound, $"no rotation is active: {TrustText.Line(trust)}", "start one with 'sdsctl rotation start'; past ones: 'sdsctl rotation list'");
        }

        Rotation rotation = await session.Admin.CallAsync(AdminMethods.GetRotation, new GetRotationRequest { Name = trust.ActiveRotation });
        session.Terminal.Say(TrustText.Line(trust));
        return new(trust, rotation);
    }

    /// <summary>Shows the outcome of a command.</summary>
    /// <param name="session">Where.</param>
    /// <param name="rotation">As it is now.</param>
    /// <param name="done">What was done; with <paramref name="dryRun"/> what would be.</param>
    /// <param name="dryRun">Nothing was done.</param>
    /// <param name="next">What to run next.</param>
    public static void Show(Session session, Rotation rotation, string done, bool dryRun = false, string next = "follow it with: sdsctl rotation watch")
    {
        Terminal terminal = session.Terminal;
        if (terminal.Format == OutputFormat.Json)
        {
            terminal.Json(rotation);
            return;
        }

        terminal.Line(dryRun ? $"possible now: {done}" : done);
        terminal.Line($"  {RotationScreen.Line(rotation, session.Now)}");
        terminal.Say(dryRun ? "nothing was changed; run it without --dry-run" : next);
    }
}
