using SdsServer.Simulation.Runs;

namespace SdsServer.Simulation.Commands;

/// <summary>Many short runs; says how to see again what went wrong.</summary>
internal static class SoakCommand
{
    // Making a replay small costs some hundred runs.
    private const int Explained = 3;

    public static async Task<int> RunAsync(string[] arguments, TextWriter output)
    {
        Options options = new(arguments, "events", "seed", "threads", "steps", "violations", "explain", "plots");
        int steps = (int)options.Number("steps", Settings.Steps);
        Soak soak = new(options.Number("seed", Mix.FirstDrawn), options.Number("events", 1_000_000), (int)options.Number("threads", Environment.ProcessorCount), steps)
        {
            MaxViolations = (int)options.Number("violations", 10),
            Plots = (int)options.Number("plots", 0),
        };
        await soak.RunAsync(output);
        foreach ((long seed, Exception found) in soak.Violations.Take((int)options.Number("explain", Explained)))
        {
            ReplayCommand.Tell(Replay.Minimize(seed, steps, found), output);
        }

        await output.WriteLineAsync($"runs {soak.Runs}, pairs {soak.Pairs}");
        await output.WriteLineAsync(soak.ToString());
        return soak.Violations.Count == 0 ? 0 : 1;
    }
}
