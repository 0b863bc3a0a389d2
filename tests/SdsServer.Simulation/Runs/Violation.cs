namespace SdsServer.Simulation.Runs;

/// <summary>The promise was broken.</summary>
/// <param name="claim">Which part of it, such as <c>I1</c>: what a shorter replay must break too.</param>
/// <param name="what">By whom, and how.</param>
internal sealed class Violation(string claim, string what) : Exception($"{claim}: {what}")
{
    public string Claim { get; } = claim;
}
