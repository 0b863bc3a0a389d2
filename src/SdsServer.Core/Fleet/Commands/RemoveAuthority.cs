using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Forget an authority that neither signs, nor is trusted, nor is part of a plan.</summary>
public sealed record RemoveAuthority : EngineCommand
{
    public required string AuthorityId { get; init; }
}
