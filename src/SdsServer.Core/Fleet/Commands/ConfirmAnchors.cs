namespace SdsServer.Core.Fleet.Commands;

/// <summary>
/// An operator has looked: the anchors by which a proxy knows this server hold every root of the bundle of this epoch. The server's own
/// serving certificate may move to these roots as far as that proxy is concerned.
/// </summary>
public sealed record ConfirmAnchors : EngineCommand
{
    public required string InstanceId { get; init; }

    /// <summary>The current epoch, whose roots were found.</summary>
    public required long Epoch { get; init; }
}
