namespace SdsServer.Core.Fleet.Commands;

/// <summary>Declare a process that is not connected gone for good: its leaves count no more.</summary>
public sealed record RetireInstance : EngineCommand
{
    public required string InstanceId { get; init; }
}
