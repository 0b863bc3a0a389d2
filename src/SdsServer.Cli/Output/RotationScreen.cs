using SdsServer.Cli.Admin;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>A rotation: where it stands, how far, and what it waits for.</summary>
internal static class RotationScreen
{
    /// <param name="screen">Is added to.</param>
    /// <param name="rotation">As read.</param>
    /// <param name="now">For "in 5h22m".</param>
    /// <param name="decisions">How many of the last decisions to show.</param>
    public static void AddTo(Screen screen, Rotation rotation, DateTimeOffset now, int decisions)
    {
        Grid facts = new("", "");
        facts.Add("rotation", new Cell($"{ResourceName.Id(rotation.Name)}: {ResourceName.Id(rotation.FromAuthority)} -> {ResourceName.Id(rotation.ToAuthority)}{Kind(rotation)}", Tone.Heading));
        facts.Add("stands", new Cell(Stands(rotation, now), rotation.Held ? Tone.Bad : rotation.State == RotationState.Completed ? Tone.Good : Tone.None));
        if (rotation.Held)
        {
            facts.Add(HoldText.Label(rotation), new Cell(rotation.HoldReason, Tone.Bad));
            facts.Add("", new Cell(HoldText.Ends(rotation), Tone.Caution));
        }

        facts.Add("started", TimeText.Both(rotation.CreateTime, now));
        if (rotation.Waves is { Count: > 0 } waves)
        {
            facts.Add("progress", Progress(rotation, waves));
        }

        if (rotation.EstimatedFinishTime is not null)
        {
            facts.Add("expected end", TimeText.Both(rotation.EstimatedFinishTime, now));
        }

        screen.Add(facts);
        AddWaves(screen, rotation);
        if (rotation.State == RotationState.Active && rotation.Gate is { } gate)
        {
            AddGate(screen, rotation, gate, now);
        }

        if (decisions > 0 && rotation.Decisions.Count > 0)
        {
            screen.Line().Line($"last decisions, {Math.Min(decisions, rotation.Decisions.Count)} of {rotation.Decisions.Count}", Tone.Quiet);
            Grid log = new("", "", "", "");
            foreach (Decision decision in rotation.Decisions.TakeLast(decisions))
            {
                log.Add(TimeText.Absolute(decision.Time), decision.Actor, decision.What, decision.Why);
            }

            screen.Add(log, indent: 2);
        }
    }

    /// <summary>One line for logs: phase, wave, progress, gate.</summary>
    public static string Line(Rotation rotation, DateTimeOffset now)
    {
        string waves = rotation.Waves is { Count: > 0 } w ? $", wave {w.Index} of {w.Count}, {w.Proven} of {w.Total} on {rotation.Target()}" : "";
        string held = rotation.Held ? $", {HoldText.Label(rotation)}: {rotation.HoldReason}" : "";
        string gate = rotation is { State: RotationState.Active, Gate: { } g }
            ? g.AwaitingApproval ? $"; waits for approval: {g.NextStep}"
            : g.AwaitingWebhook ? $"; waits for the webhook: {g.NextStep}"
            : g.Open ? $"; next: {g.NextStep}"
            : g.Refusal is not { BlockerCounts.Count: > 0 } ? ""
            : $"; waits: {RefusalText.Counts(g.Refusal.BlockerCounts)}{(g.Refusal.EarliestTime is { } t ? $", at the latest {TimeText.Relative(t, now)}" : "")}"
            : "";
        return $"{EnumText.Of(rotation.State)}, {EnumText.Of(rotation.Phase)}, {EnumText.Of(rotation.Goal)}{waves}{held}{gate}";
    }

    private static void AddGate(Screen screen, Rotation rotation, Gate gate, DateTimeOffset now)
    {
        if (gate.AwaitingApproval)
        {
            screen.Line($"next: {gate.NextStep}", Tone.Caution);
            screen.Line("      its gate is open; it waits for 'sdsctl rotation advance'", Tone.Caution);
            return;
        }

        if (gate.AwaitingWebhook)
        {
            screen.Line($"next: {gate.NextStep}", Tone.Caution);
            screen.Line($"      its gate is open, but for the webhook: {gate.Refusal?.Blockers.FirstOrDefault()?.Detail}", Tone.Caution);
            screen.Line("      to do: see what the webhook looks at; pass over it with 'sdsctl rotation advance'", Tone.Caution);
            return;
        }

        screen.Line($"next: {gate.NextStep}{(gate.Open ? " (gate open)" : "")}", gate.Open ? Tone.Good : Tone.None);
        if (gate.Open || gate.Refusal is not { } refusal)
        {
            return;
        }

        foreach (string line in RefusalText.Lines(refusal, now, rotation))
        {
            screen.Line($"  {line}");
        }

        if (gate.Deadline is not null)
        {
            string late = rotation is { Kind: RotationKind.Emergency, Policy.ForceAtDeadlines: true } && gate.Code != GateCode.G4Gone ? "who still blocks is passed over by force" : "held if it is still closed";
            screen.Line($"  {late} at {TimeText.Both(gate.Deadline, now)}", Tone.Quiet);
        }

        // A hold does not make what helps a proxy any less true.
        foreach (string advice in (rotation.Held ? HoldText.Advice(rotation) : []).Concat(RefusalText.OfBlockers(refusal.Blockers, rotation)))
        {
            screen.Line($"  to do: {advice}", Tone.Caution);
        }
    }

    private static string Stands(Rotation rotation, DateTimeOffset now)
    {
        if (rotation.State != RotationState.Active)
        {
            return $"{EnumText.Of(rotation.State)} {TimeText.Both(rotation.FinishTime, now)}";
        }

        string direction = rotation.Goal == Goal.Back ? $", turned back to {ResourceName.Id(rotation.FromAuthority)}" : "";
        string wave = rotation is { Phase: Phase.Issuing, Waves: { } waves } ? $", wave {waves.Index} of {waves.Count}" : "";
        GatePolicy?[] gates = [rotation.Policy?.TrustGate, rotation.Policy?.WaveGate, rotation.Policy?.DropGate];
        string manual = gates.All(gate => gate?.Kind == GateKind.Approval) ? ", every step by hand" : "";
        return $"{EnumText.Of(rotation.Phase)}{wave}{direction}{manual}: {EnumText.Meaning(rotation)}";
    }

    private static string Progress(Rotation rotation, WaveProgress waves)
    {
        string nacked = waves.Nacked > 0 ? $", {waves.Nacked} refused" : "";
        string silent = waves.Silent > 0 ? $", {waves.Silent} silent" : "";
        string begun = waves.Count > 1 ? $"; waves begun: {waves.Index} of {waves.Count}, with {waves.Assigned} proxies" : "";
        return $"{Bar(waves.Proven, waves.Total)} {waves.Proven} of {waves.Total} on {rotation.Target()}{begun}{nacked}{silent}";
    }

    private static string Bar(int proven, int total)
    {
        const int width = 20;
        int done = total == 0 ? 0 : (int)((long)width * proven / total);
        return $"[{new string('#', done)}{new string('.', width - done)}]";
    }

    // One wave is the progress line above.
    private static void AddWaves(Screen screen, Rotation rotation)
    {
        if (rotation.State != RotationState.Active || rotation.Waves is not { Parts.Count: > 1 } waves)
        {
            return;
        }

        Grid grid = new("WAVE", "UP TO", "PROXIES", $"ON {rotation.Target()}", "");
        foreach (WavePart part in waves.Parts)
        {
            Cell stands = part switch
            {
                { Nacked: > 0 } => new Cell($"{part.Nacked} refused{(part.Silent > 0 ? $", {part.Silent} silent" : "")}", Tone.Bad),
                { Silent: > 0 } => new Cell($"{part.Silent} silent", Tone.Bad),
                { Begun: false } => new Cell("not begun", Tone.Quiet),
                { Proxies: 0 } => new Cell("reaches nobody", Tone.Quiet),
                _ when part.Proven == part.Proxies => new Cell("done", Tone.Good),
                _ => new Cell("under way", Tone.Caution),
            };
            grid.Add($"{part.Index}", WaveText.Of(part.Wave), $"{part.Proxies}", part.Begun ? $"{Bar(part.Proven, part.Proxies)} {part.Proven} of {part.Proxies}" : "", stands);
        }

        screen.Add(grid, indent: 2);
    }

    private static string Kind(Rotation rotation) => rotation.Kind switch
    {
        RotationKind.Emergency => " (emergency)",
        RotationKind.Intermediate => " (intermediate)",
        _ => "",
    };
}
