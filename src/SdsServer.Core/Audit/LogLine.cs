using SdsServer.Core.Rotation;

namespace SdsServer.Core.Audit;

/// <summary>
/// A line of the log as it is stored. Kind and outcome are words and the time is a number, so that what a newer program or a stranger has
/// written is hashed as it stands.
/// </summary>
public sealed record LogLine
{
    /// <summary>Rises from line to line.</summary>
    public required long Number { get; init; }

    /// <summary>UTC, in ticks of 100 ns since 0001-01-01.</summary>
    public required long At { get; init; }

    /// <inheritdoc cref="Decision.Actor"/>
    public required string Actor { get; init; }

    /// <inheritdoc cref="Decision.Kind"/>
    public required string Kind { get; init; }

    /// <inheritdoc cref="Decision.Subject"/>
    public required string Subject { get; init; }

    /// <inheritdoc cref="Decision.RotationId"/>
    public required string RotationId { get; init; }

    /// <inheritdoc cref="Decision.Action"/>
    public required string Action { get; init; }

    /// <inheritdoc cref="Decision.Reason"/>
    public required string Reason { get; init; }

    /// <inheritdoc cref="Decision.Evidence"/>
    public required string Evidence { get; init; }

    /// <inheritdoc cref="Decision.Outcome"/>
    public required string Outcome { get; init; }

    /// <inheritdoc cref="Decision.Error"/>
    public required string Error { get; init; }

    /// <inheritdoc cref="Decision.Revision"/>
    public required long Revision { get; init; }

    /// <summary><see cref="LogChain.Hash"/> of this line, lower-case hex, as it was stored; empty before it is.</summary>
    public string Hash { get; init; } = "";

    /// <summary>What it says. A kind this program does not know is <see cref="DecisionKind.Unspecified"/>.</summary>
    public Decision Entry => new()
    {
        At = new DateTimeOffset(Math.Clamp(At, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero),
        Actor = Actor,
        // A newer program's kind is for people to read; nothing is decided by it. An unknown outcome must not look like "done".
        Kind = Enum.TryParse(Kind, out DecisionKind kind) ? kind : DecisionKind.Unspecified,
        Subject = Subject,
        RotationId = RotationId,
        Action = Action,
        Reason = Reason,
        Evidence = Evidence,
        Outcome = Enum.TryParse(Outcome, out DecisionOutcome outcome) ? outcome : DecisionOutcome.Failed,
        Error = Error,
        Revision = Revision,
    };

    /// <summary>The line that follows <paramref name="previous"/> in the log of a trust domain, with its hash.</summary>
    /// <param name="previous">Hash of the line before, or <see cref="LogChain.Origin"/>.</param>
    public static LogLine After(string previous, string trustDomain, long number, Decision entry)
    {
        LogLine line = new()
        {
            Number = number,
            At = entry.At.UtcTicks,
            Actor = entry.Actor,
            Kind = entry.Kind.ToString(),
            Subject = entry.Subject,
            RotationId = entry.RotationId,
            Action = entry.Action,
            Reason = entry.Reason,
            Evidence = entry.Evidence,
            Outcome = entry.Outcome.ToString(),
            Error = entry.Error,
            Revision = entry.Revision,
        };
        return line with { Hash = LogChain.Hash(previous, trustDomain, line) };
    }
}
