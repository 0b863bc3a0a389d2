namespace SdsServer.Core.Fleet.Commands;

/// <summary>Let a held plan go on; takes the wall clock as right if that was in doubt.</summary>
public sealed record UnholdRotation : EngineCommand
{
}
