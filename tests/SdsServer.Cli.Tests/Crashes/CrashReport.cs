using System.Collections.Immutable;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>What came of a story.</summary>
/// <param name="Plan">Which.</param>
/// <param name="Commits">How many the store made from the order of the rotation to the end.</param>
/// <param name="Kills">Where it was killed: the commits of that life from the one asked for on, in words.</param>
/// <param name="Handshakes">All.</param>
/// <param name="WhileDown">Of them, while there was no server.</param>
/// <param name="Fewest">By phase, those of the ordered pair that had the fewest.</param>
/// <param name="Failed">How many handshakes failed.</param>
/// <param name="Problems">Everything that should not be; empty when all is well.</param>
internal sealed record CrashReport(
    CrashPlan Plan, int Commits, ImmutableArray<string> Kills, long Handshakes, long WhileDown, ImmutableArray<(string Phase, int Count)> Fewest, long Failed, ImmutableArray<string> Problems)
{
    /// <summary>A line of the table.</summary>
    public override string ToString() =>
        $"| {Plan} | {(Kills.IsEmpty ? "not killed" : string.Join(" // ", Kills))} | {Handshakes} | {WhileDown} | {string.Join(", ", Fewest.Select(phase => $"{phase.Phase} {phase.Count}"))} | {Failed} | {(Problems.IsEmpty ? "passed" : "FAILED: " + string.Join("; ", Problems))} |";
}
