namespace SdsServer.Cli.Tests.Crashes;

/// <summary>When the server of a story is killed.</summary>
/// <param name="First">At which commit after the rotation was ordered, from 1; 0 for never.</param>
/// <param name="Again">Null: only once. Else how many commits later than the time before the next life ends: each life is that much longer, or none would get anywhere.</param>
/// <param name="How">What the kill is.</param>
/// <param name="Rotation">Of what.</param>
internal sealed record CrashPlan(int First, int? Again, KillKind How, CrashRotation Rotation)
{
    public override string ToString() =>
        $"{Rotation.ToString().ToLowerInvariant()}, {(First == 0 ? "not killed" : $"{(How == KillKind.AtCommit ? "killed at" : "stalled from")} commit {First}{(Again is { } longer ? $" and again, {longer} later each time" : "")}")}";
}
