namespace SdsServer.Core.Fleet.Commands;

/// <summary>An order of an operator.</summary>
public abstract record EngineCommand : EngineEvent
{
    /// <summary>Names the command in its <see cref="CommandDone"/>; unique in this process.</summary>
    public required long Id { get; init; }

    /// <summary>Who ordered it.</summary>
    public required string Actor { get; init; }

    /// <summary>Why; goes to the log.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The <see cref="Rotation.TrustState.Decisions"/> number the operator has seen; null: whatever it is.</summary>
    public long? ExpectedDecisions { get; init; }
}
