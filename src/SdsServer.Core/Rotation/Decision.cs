namespace SdsServer.Core.Rotation;

/// <summary>One line of the append-only log of who did what to a trust domain, or was refused it, and on what evidence. Nothing in it is secret.</summary>
public sealed record Decision
{
    /// <summary>UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>An operator's identity, or <c>engine</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>What it is about.</summary>
    public required DecisionKind Kind { get; init; }

    /// <summary>Id of the authority, root, instance or token it is about; empty where it is about none, or none was made.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The rotation it belongs to; empty where it belongs to none.</summary>
    public string RotationId { get; init; } = "";

    /// <summary>The same for people: a short verb phrase such as <c>add trust in root r1</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Why, in the actor's words.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Counts at that moment, such as <c>epoch 4, floor 3, members 20</c>; empty where none were looked at.</summary>
    public string Evidence { get; init; } = "";

    /// <summary>How it ended.</summary>
    public DecisionOutcome Outcome { get; init; }

    /// <summary>Why it was not done; empty when it was.</summary>
    public string Error { get; init; } = "";

    /// <summary>The <see cref="TrustState.Decisions"/> number after it; 0 where it was not recorded.</summary>
    public long Revision { get; init; }
}
