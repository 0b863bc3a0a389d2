namespace SdsServer.Admin.Log;

/// <summary>What the log says of one rotation.</summary>
internal sealed class RotationHistory(long first)
{
    /// <summary>How many decisions are shown.</summary>
    public const int MaxDecisions = 200;

    private readonly Queue<LoggedDecision> _decisions = new();
    private readonly List<LoggedDecision> _turningPoints = [];

    /// <summary>Number of the line that started it.</summary>
    public long First { get; } = first;

    /// <summary>Number of the line that ended it; <see cref="long.MaxValue"/> while it goes on.</summary>
    public long Last { get; private set; } = long.MaxValue;

    /// <summary>Takes the next line of the log that belongs to it.</summary>
    public void Add(LoggedDecision decision)
    {
        _decisions.Enqueue(decision);
        if (_decisions.Count > MaxDecisions)
        {
            _decisions.Dequeue();
        }

        if (decision.Action.Kind is not (LoggedKind.Hold or LoggedKind.Unhold))
        {
            _turningPoints.Add(decision);
        }

        if (decision.Action.Kind == LoggedKind.FinishRotation)
        {
            Last = decision.Number;
        }
    }

    /// <summary>The last decisions, and all those that moved or turned it, oldest first.</summary>
    public (IReadOnlyList<LoggedDecision> Decisions, IReadOnlyList<LoggedDecision> TurningPoints) Copy() => ([.. _decisions], [.. _turningPoints]);
}
