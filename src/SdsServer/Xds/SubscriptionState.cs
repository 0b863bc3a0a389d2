namespace SdsServer.Xds;

/// <summary>How far the newest content of a name has come; the same four words as CSDS's ConfigStatus.</summary>
public enum SubscriptionState
{
    NotSent,

    /// <summary>Sent, unanswered.</summary>
    Stale,

    /// <summary>ACKed.</summary>
    Synced,

    /// <summary>NACKed.</summary>
    Error,
}
