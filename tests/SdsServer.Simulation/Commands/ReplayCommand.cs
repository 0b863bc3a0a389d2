using SdsServer.Simulation.Runs;

namespace SdsServer.Simulation.Commands;

/// <summary>Tells one run.</summary>
internal static class ReplayCommand
{
    public static int Run(string[] arguments, TextWriter output)
    {
        Options options = new(arguments, "seed", "steps", "without");
        return Tell(new Replay(options.Number("seed", 1), (int)options.Number("steps", Settings.Steps), options.Numbers("without")), output);
    }

    public static int Minimize(string[] arguments, TextWriter output)
    {
        Options options = new(arguments, "seed", "steps");
        Replay whole = new(options.Number("seed", 1), (int)options.Number("steps", Settings.Steps), new HashSet<int>());
        return whole.Go(told: false).Found is { } found
            ? Tell(Replay.Minimize(whole.Seed, whole.Steps, found), output)
            : Tell(whole, output);
    }

    public static int Tell(Replay replay, TextWriter output)
    {
        (Exception? found, IReadOnlyList<string> lines) = replay.Go(told: true);
        output.WriteLine($"== {replay.Command}");
        foreach (string line in lines)
        {
            output.WriteLine(line);
        }

        output.WriteLine(found is null ? "== nothing went wrong" : $"== {(found is Violation ? found.Message : found)}");
        output.WriteLine($"== again: dotnet run -c Release --project tests/SdsServer.Simulation -- {replay.Command}");
        return found is null ? 0 : 1;
    }
}
