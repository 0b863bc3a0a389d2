namespace SdsServer.Core.Fleet.Commands;

/// <summary>Send an instance its secrets again, as fresh bytes.</summary>
public sealed record RepushInstance : EngineCommand
{
    public required string InstanceId { get; init; }
}
