using System.Globalization;
using System.Text;
using SdsServer.Testing;

namespace SdsServer.Benchmarks.Goals;

/// <summary>Measures the goals one after the other and prints one table.</summary>
internal static class Report
{
    private static readonly Goal[] Goals =
    [
        new(["G1"], IssuingGoals.AgainstOpenSslAsync),
        new(["G2", "G3", "G4"], IssuingGoals.AgainstManagedAsync),
        new(["G5", "G6"], PushGoals.AgainstGoAsync),
        new(["G7"], PushGoals.MemoryAsync),
        Later("G8", "memory an mTLS stream", "the listener has no client certificates yet"),
        new(["G9"], RotationGoals.RekeyAsync),
        new(["G10"], RotationGoals.WholeAsync),
        new(["G11"], PushGoals.StuckStreamAsync),
        new(["G12"], FloodGoals.HostileAsync),
        new(["G13"], IssuingGoals.DurableAsync),
        Later("G14", "CPU an mTLS reconnect", "the listener has no client certificates yet"),
        new(["G15"], StartGoals.FirstSecretAsync),
        new(["G16"], PushGoals.FlatnessAsync),
        Later("G17", "simulation", "a test programme of its own"),
        Later("G18", "crash matrix", "a test programme of its own"),
    ];

    /// <returns>0, also where a target is missed: the table says so.</returns>
    public static async Task<int> RunAsync(Options options)
    {
        List<Outcome> outcomes = [];
        foreach (Goal goal in Goals.Where(goal => goal.Names.Any(options.Wants)))
        {
            Console.Error.WriteLine($"measuring {string.Join(", ", goal.Names)}");
            try
            {
                outcomes.AddRange(await goal.MeasureAsync(options));
            }
            catch (Exception error)
            {
                outcomes.AddRange(goal.Names.Select(name => Outcome.NotMeasured(name, "", $"failed: {error.Message.ReplaceLineEndings(" ")}")));
            }
        }

        string table = Table(outcomes, options);
        Console.WriteLine(table);
        string folder = Directory.CreateDirectory(Path.Combine(RepositoryRoot.Path, ".artifacts", "reports")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "benchmarks.md"), table);
        return 0;
    }

    private static Goal Later(string name, string what, string reason) =>
        new([name], _ => Task.FromResult<IEnumerable<Outcome>>([Outcome.NotMeasured(name, what, reason)]));

    private static string Table(List<Outcome> outcomes, Options options)
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, {options.Streams} simulated Envoys, {options.Pairs} pairs{(options.Quick ? ", quick" : "")}, {Environment.Version}");
        text.AppendLine();
        text.AppendLine("| goal | measured | baseline | ratio min / median / max | target | met | medians |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (Outcome outcome in outcomes)
        {
            string ratio = outcome.Ratio is { } series
                ? string.Create(CultureInfo.InvariantCulture, $"{series.Min:0.00} / {series.Median:0.00} / {series.Max:0.00}") : "";
            string met = (outcome.Ratio, outcome.Target) is ({ } figures, { } target) ? target.IsMet(figures.Median) ? "yes" : "no" : "";
            text.AppendLine($"| {outcome.Goal} | {outcome.Measured} | {outcome.Baseline} | {ratio} | {outcome.Target} | {met} | {outcome.Note} |");
        }

        return text.ToString();
    }
}
