using System.Globalization;

namespace SdsServer.Simulation.Sabotage;

/// <summary>What became of a mutation.</summary>
/// <param name="Mutation">Which one.</param>
/// <param name="Seed">The run that caught it; null: none did.</param>
/// <param name="Runs">How many runs that took.</param>
/// <param name="Events">How many events.</param>
/// <param name="Found">The broken claim.</param>
internal sealed record MutantOutcome(Mutation Mutation, long? Seed, long Runs, long Events, string Found)
{
    public override string ToString() => Seed is { } seed
        ? string.Create(CultureInfo.InvariantCulture, $"| {Mutation.Rule} | {seed} | {Runs} | {Events} | {Found} |")
        : string.Create(CultureInfo.InvariantCulture, $"| {Mutation.Rule} | not caught | {Runs} | {Events} | {Found} |");
}
