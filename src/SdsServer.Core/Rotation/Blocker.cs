namespace SdsServer.Core.Rotation;

/// <summary>One thing that keeps a gate shut.</summary>
/// <param name="InstanceId">The instance, or empty where no proxy is to blame.</param>
/// <param name="Until">When it ends by itself at the latest; null when it needs an act.</param>
public sealed record Blocker(
    string InstanceId,
    string SpiffeId,
    string NodeId,
    BlockerReason Reason,
    string Detail,
    DateTimeOffset? Until)
{
    /// <summary>Serial number of the leaf that needs the outgoing root; empty for every other reason.</summary>
    public string LeafSerial { get; init; } = "";

    /// <summary>A blocker that is no proxy's.</summary>
    public static Blocker Of(BlockerReason reason, string detail, DateTimeOffset? until) => new("", "", "", reason, detail, until);
}
