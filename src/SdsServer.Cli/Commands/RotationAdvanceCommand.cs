using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationAdvanceCommand
{
    private const string Soak = "soak";

    public static Command Create()
    {
        Option<string[]> over = new("--override")
        {
            HelpName = "NAME",
            Description = "Pass over this blocker: its proxy or leaf as 'sdsctl rotation status' names it, soak for the wait, webhook for its no. Repeat until all that block are named. What breaks is shown first.",
            DefaultValueFactory = _ => [],
        };
        Option<GateCode> gate = Choice.Option<GateCode>(
            "--gate", "The gate you have looked at: if the rotation stands before another one, nothing is done. Default: the one it stands before.", value => value.ToString()[..2]);
        Option<long?> revision = GlobalOptions.RevisionOption();
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say whether the step would be taken; take nothing.");
        Option<string> reason = GlobalOptions.ReasonOption();
        return new CliCommand("advance", "Takes the next step of the active rotation now. Refused while its gate is closed, with who blocks it and until when.")
        {
            over, gate, revision, dryRun, reason, GlobalOptions.ForceOption(),
        }.With(
            [("sdsctl rotation advance --reason 'canary looks good'", "take the next step"),
                ("sdsctl rotation advance --gate G2 --revision 42", "only if it still stands where you have looked"), ("sdsctl rotation advance --dry-run", "would it be taken?")],
            "The approval is for the step that is read and shown just before; a script or a second look should state what was seen with --gate and --revision.")
        .Does(session => RunAsync(session, session.Get(over)!, session.Get(gate), session.Get(revision), session.Get(dryRun), session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string[] overrides, GateCode seen, long? revision, bool dryRun, string reason)
    {
        ActiveRotation active = await ActiveRotation.ReadAsync(session);
        Gate gate = active.Rotation.Gate ?? new();
        session.Terminal.Say($"next step: {gate.NextStep}; gate {EnumText.Of(gate.Code)}");
        AdvanceRotationRequest request = new()
        {
            Name = active.Rotation.Name,
            ExpectedRevision = revision ?? active.Trust.Revision,
            Gate = seen == GateCode.Unspecified ? gate.Code : seen,
            ValidateOnly = dryRun,
            Reason = reason,
        };
        if (overrides.Length > 0)
        {
            request.Override = new GateOverride { Blockers = { overrides.Select(name => Blocker(gate, name)) } };
            Warn(session, gate, request.Override);
            foreach (string broken in gate.Refusal?.OverrideBreaks ?? [])
            {
                session.Terminal.Say($"  breaks: {broken}");
            }

            if (!dryRun)
            {
                await session.ConfirmAsync($"Pass over {overrides.Length} blocker{(overrides.Length > 1 ? "s" : "")} in your name?");
            }
        }

        Rotation rotation = await session.Admin.CallAsync(AdminMethods.AdvanceRotation, request);
        ActiveRotation.Show(session, rotation, dryRun ? gate.NextStep : $"step taken: {gate.NextStep}", dryRun);
    }

    private static string Blocker(Gate gate, string name)
    {
        if (name == Soak)
        {
            return name;
        }

        IEnumerable<string> names = (gate.Refusal?.Blockers ?? []).Where(b => b.Overridable).Select(RefusalText.OverrideName);
        return names.FirstOrDefault(n => n == name || ResourceName.Id(n) == name)
            ?? throw CliException.Usage(
                $"'{name}' is no blocker that can be overridden",
                names.Any() ? $"these can: {string.Join(", ", names.Select(ResourceName.Id))}" : "none of the blockers can; see 'sdsctl rotation status'");
    }

    // Who is passed over, and who is not and therefore keeps the gate closed.
    private static void Warn(Session session, Gate gate, GateOverride named)
    {
        foreach (Blocker blocker in gate.Refusal?.Blockers ?? [])
        {
            bool passed = named.Blockers.Contains(RefusalText.OverrideName(blocker));
            string who = blocker.SpiffeId.Length > 0 ? $"{blocker.SpiffeId} ({ResourceName.Id(RefusalText.OverrideName(blocker))})" : ResourceName.Id(RefusalText.OverrideName(blocker));
            session.Terminal.Say($"  {(passed ? "passes over" : "still blocks")}: {who}: {EnumText.Of(blocker.Reason)}");
        }
    }
}
