namespace SdsServer.Core.Fleet.Commands;

/// <summary>
/// An operator has looked: a proxy that takes no bundle from here trusts exactly what the bundle of this epoch holds. It counts
/// as proven while the bundle holds these roots, as an export that was read back does.
/// </summary>
public sealed record ConfirmTrust : EngineCommand
{
    public required string InstanceId { get; init; }

    /// <summary>The current epoch, whose roots were found.</summary>
    public required long Epoch { get; init; }
}
