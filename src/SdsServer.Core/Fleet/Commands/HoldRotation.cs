namespace SdsServer.Core.Fleet.Commands;

/// <summary>Stop the plan where it is; secrets are served on.</summary>
public sealed record HoldRotation : EngineCommand
{
}
