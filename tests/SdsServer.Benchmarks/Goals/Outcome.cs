using SdsServer.Benchmarks.Measuring;

namespace SdsServer.Benchmarks.Goals;

/// <summary>A line of the report: a ratio against its target, or why there is none.</summary>
/// <param name="Goal">G1 to G18.</param>
/// <param name="Measured">What was measured.</param>
/// <param name="Baseline">What it is divided by.</param>
/// <param name="Ratio">One figure a pair; null when not measured.</param>
/// <param name="Target">Where its median should be; null where the goal sets none.</param>
/// <param name="Note">Medians of both sides with their unit, or the reason why nothing was measured.</param>
internal sealed record Outcome(string Goal, string Measured, string Baseline, Series? Ratio, Target? Target, string Note)
{
    public static Outcome NotMeasured(string goal, string what, string reason) => new(goal, what, "", null, null, $"not measured: {reason}");

    /// <summary>From as many figures of ours as of the baseline's, pair by pair.</summary>
    public static Outcome Of(string goal, string measured, string baseline, Target? target, IReadOnlyList<(double Ours, double Theirs)> pairs, string unit) => new(
        goal,
        measured,
        baseline,
        new Series(pairs.Select(pair => pair.Ours / pair.Theirs)),
        target,
        FormattableString.Invariant($"{new Series(pairs.Select(pair => pair.Ours)).Median:G4} / {new Series(pairs.Select(pair => pair.Theirs)).Median:G4} {unit}, {pairs.Count} pairs"));
}
