namespace SdsServer.Core.Rotation;

/// <summary>What opens a gate of a rotation, set for each step by itself.</summary>
public enum GateKind
{
    /// <summary>The evidence: answers of the fleet, then the soak. The engine takes the step.</summary>
    Ack,

    /// <summary>The evidence and the soak, then an operator.</summary>
    Approval,

    /// <summary>
    /// Unsafe: the time since the last step alone, as Open Service Mesh's command line does. What would break handshakes is still not
    /// done: no leaf from a root that somebody does not trust yet, no removal of a root that a leaf needs.
    /// </summary>
    Time,

    /// <summary>The evidence and the soak, then the verdict of the configured webhook.</summary>
    Webhook,
}
