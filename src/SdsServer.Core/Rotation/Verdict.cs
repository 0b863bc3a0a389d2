namespace SdsServer.Core.Rotation;

/// <summary>The next move of a plan and whether its gate is open.</summary>
/// <param name="Subject">The root id (AddTrust, DropTrust), the authority id (SetSigner), or empty.</param>
/// <param name="OpensAt">When a wait that is the only thing left ends; null when it is open or waits for evidence.</param>
public sealed record Verdict(MoveKind Move, string Subject, Gate Gate, bool Open, DateTimeOffset? OpensAt)
{
    /// <summary>The wave that SetSigner begins, from 1; 0 on the way back and for every other move.</summary>
    public int Wave { get; init; }

    /// <summary>When the wait that the policy orders ends, or has ended; null while evidence is missing, and where there is none.</summary>
    public DateTimeOffset? WaitEnd { get; init; }

    /// <summary>A deadline of an emergency has passed: what keeps the gate shut is passed over, or holds the plan.</summary>
    public bool Overdue { get; init; }
}
