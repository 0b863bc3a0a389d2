using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Log;

/// <summary>What the log says of one rotation.</summary>
internal sealed class RotationHistory
{
    /// <summary>How many decisions are shown.</summary>
    public const int MaxDecisions = 200;

    private readonly Queue<LoggedDecision> _decisions = new();
    private readonly List<LoggedDecision> _turningPoints = [];

    /// <summary>Takes the next line of the log that belongs to it.</summary>
    public void Add(LoggedDecision decision)
    {
        _decisions.Enqueue(decision);
        if (_decisions.Count > MaxDecisions)
        {
            _decisions.Dequeue();
        }

        if (decision.Entry.Kind is not (DecisionKind.HoldRotation or DecisionKind.UnholdRotation))
        {
            _turningPoints.Add(decision);
        }
    }

    /// <summary>The last decisions, and all those that moved or turned it, oldest first.</summary>
    public (IReadOnlyList<LoggedDecision> Decisions, IReadOnlyList<LoggedDecision> TurningPoints) Copy() => ([.. _decisions], [.. _turningPoints]);
}
