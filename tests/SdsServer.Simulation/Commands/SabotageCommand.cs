using SdsServer.Simulation.Runs;
using SdsServer.Simulation.Sabotage;

namespace SdsServer.Simulation.Commands;

/// <summary>Shows that the simulator would notice if a rule were gone.</summary>
internal static class SabotageCommand
{
    public static async Task<int> RunAsync(string[] arguments, TextWriter output)
    {
        Options options = new(arguments, "events", "seed", "threads", "only", "from");
        string only = options.Text("only", "");
        Mutation[] mutations = [.. Mutations.All.Where(mutation => only.Split(';').Any(part => mutation.Rule.Contains(part, StringComparison.OrdinalIgnoreCase))).Skip((int)options.Number("from", 0))];
        if (mutations.Length == 0)
        {
            throw new ArgumentException($"no rule that is left has '{only}' in its name");
        }

        Sabotages sabotages = new(options.Number("events", 5_000_000), options.Number("seed", Mix.FirstFocused));
        TextWriter shared = TextWriter.Synchronized(output);
        IReadOnlyList<MutantOutcome> outcomes = await sabotages.RunAsync(mutations, (int)options.Number("threads", Environment.ProcessorCount), shared);
        await output.WriteLineAsync("\n| rule taken out | seed | runs | events | what it broke |\n|---|---|---|---|---|");
        foreach (MutantOutcome outcome in outcomes)
        {
            await output.WriteLineAsync(outcome.ToString());
        }

        int caught = outcomes.Count(outcome => outcome.Seed is not null);
        await output.WriteLineAsync($"caught {caught} of {outcomes.Count}");
        return caught == outcomes.Count ? 0 : 1;
    }
}
