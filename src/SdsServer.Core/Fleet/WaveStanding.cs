namespace SdsServer.Core.Fleet;

/// <summary>What the waves of the running plan have done to a process.</summary>
internal enum WaveStanding
{
    /// <summary>No plan, not connected while it owes no answer, no member, or it takes no leaf: waves do not count it.</summary>
    None,

    /// <summary>An operator has passed over it for this plan, and it has not caught up since: no gate waits for it.</summary>
    PassedOver,

    /// <summary>In no wave begun.</summary>
    Unreached,

    /// <summary>In a wave begun; its leaf of the new authority is not on its way.</summary>
    Waiting,

    /// <summary>Its leaf of the new authority is being made, or sent and not answered.</summary>
    InTransit,

    /// <summary>It has left with its leaf of the new authority unanswered, so lately that it may come back: in transit still.</summary>
    Left,

    /// <summary>It has left with its leaf of the new authority unanswered, for longer than an answer takes: silent too, but no gate waits for it.</summary>
    Lost,

    /// <summary>In a wave begun, new, and has not accepted its first leaf, or is not shown to use it where that is asked for.</summary>
    Joining,

    /// <summary>It left the leaf unanswered for the ACK time-out.</summary>
    Silent,

    /// <summary>In a wave begun, new, and left its first leaf unanswered for the ACK time-out: silent too, but it begins no soak anew.</summary>
    Mute,

    /// <summary>Its admin has not shown its leaf for the time of a quarantine: silent too, but no gate waits for it.</summary>
    Unshown,

    /// <summary>It is shown to use leaves of the new authority alone.</summary>
    Moved,
}
