namespace SdsServer.Tests.Hostile;

/// <summary>One manner in which a workload with an identity of its own does its worst.</summary>
/// <param name="Begin">Before the rotation begins.</param>
/// <param name="Each">At each step of the clock, for as long as the rotation lasts.</param>
internal sealed record CallerAttack(Func<Attacker, Task> Begin, Func<Attacker, Task> Each)
{
    /// <summary>It has a leaf and does not prove the next bundle: so it stands in the way, for as long as that leaf lives.</summary>
    public bool StandsInTheWay { get; init; }

    /// <summary>It lies by the version that an ACK repeats, which delta has not: there a right nonce is an ACK, and whoever sends it unread lies for itself.</summary>
    public bool NeedsVersion { get; init; }

    public static Task Nothing(Attacker attacker) => Task.CompletedTask;
}
