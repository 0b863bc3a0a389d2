using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Make an authority known. Its key is stored already; it signs nothing and is in no bundle.</summary>
public sealed record AddAuthority : EngineCommand
{
    public required Authority Authority { get; init; }

    /// <summary>Its root, which may be known already.</summary>
    public required TrustRoot Root { get; init; }
}
