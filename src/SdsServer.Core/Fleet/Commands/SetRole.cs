using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Walk the role table of Open Service Mesh by one edit. It becomes the move that the edit means, behind that move's guard.</summary>
public sealed record SetRole : EngineCommand
{
    public required string AuthorityId { get; init; }

    public required AuthorityRole Role { get; init; }

    /// <summary>Id of the rotation, where the edit begins one; also its request id.</summary>
    public required string RotationId { get; init; }

    /// <summary>Of the rotation, where the edit begins one; each of its gates waits for the next edit.</summary>
    public RotationPolicy Policy { get; init; } = new();

    /// <summary>Check everything, change nothing.</summary>
    public bool ValidateOnly { get; init; }
}
