using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>What a rotation would take.</summary>
internal static class ForecastScreen
{
    public static void AddTo(Screen screen, Forecast forecast, DateTimeOffset now)
    {
        if (forecast.Refusal is { } refusal)
        {
            screen.Line($"it would be refused: {ApiWords.Told(refusal.Message)}", Tone.Bad);
            foreach (string line in RefusalText.Lines(refusal, now).Concat(RefusalText.Advice(refusal).Select(advice => $"to do: {advice}")))
            {
                screen.Line($"  {line}");
            }
        }

        Grid steps = new("STEP", "REACHES", "OPENED BY", "AT THE EARLIEST", "AT THE LATEST");
        foreach (ForecastStep step in forecast.Steps)
        {
            if (step is { Wave: > 0, Proxies: 0, Extent.Selector: not null })
            {
                steps.Add($"{EnumText.Of(step.Phase)}, wave {step.Wave}", new Cell($"{WaveText.Of(step.Extent)}: reaches nobody", Tone.Caution), "", "passed over", "");
                continue;
            }

            bool unsafely = step.OpenedBy?.Kind == GateKind.Time;
            steps.Add(
                step.Wave > 0 ? $"{EnumText.Of(step.Phase)}, wave {step.Wave}" : EnumText.Of(step.Phase),
                step.Wave > 0 ? $"{WaveText.Of(step.Extent)}: {step.Proxies} more" : "",
                new Cell(step.OpenedBy is null ? "" : EnumText.Of(step.OpenedBy.Kind), unsafely ? Tone.Bad : Tone.None),
                TimeText.Both(step.EarliestTime, now),
                step.WorstTime is null ? new Cell("needs somebody to act", Tone.Caution) : TimeText.Both(step.WorstTime, now));
        }

        if (!steps.IsEmpty)
        {
            screen.Add(steps, indent: 2);
        }

        Grid facts = new("", "");
        facts.Add("leaves to issue", forecast.IssuingTime is null ? $"{forecast.Leaves}" : $"{forecast.Leaves}, about {TimeText.Span(forecast.IssuingTime.ToTimeSpan())}");
        if (forecast.WorstAbsenceWait is { } wait && wait.ToTimeSpan() > TimeSpan.Zero)
        {
            facts.Add("absent proxies can delay it by", TimeText.Span(wait.ToTimeSpan()));
        }

        if (forecast.RunwayEnd is not null)
        {
            facts.Add("runway: the old authority expires", TimeText.Both(forecast.RunwayEnd, now));
        }

        screen.Add(facts, indent: 2);
        foreach (string line in RefusalText.BlockerLines(forecast.Blockers, forecast.BlockerCounts, now))
        {
            screen.Line($"  now {line}".Replace("  now   ", "    ", StringComparison.Ordinal));
        }

        foreach (string warning in forecast.Warnings)
        {
            screen.Line($"warning: {ApiWords.Told(warning)}", Tone.Caution);
        }
    }
}
