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
    /// <summary>Serial number of the leaf that needs the root to be dropped; empty for every other reason.</summary>
    public string LeafSerial { get; init; } = "";

    /// <summary>By which an override names a wait that the policy sets.</summary>
    public const string SoakName = "soak";

    /// <summary>By which an override names the no of the webhook.</summary>
    public const string WebhookName = "webhook";

    /// <summary>By which an override names it; null where nothing can pass over it.</summary>
    public string? OverrideName => Reason switch
    {
        BlockerReason.Soak => SoakName,
        BlockerReason.Webhook => WebhookName,
        BlockerReason.NeedsOutgoingRoot => LeafSerial,
        BlockerReason.PendingAck or BlockerReason.Nacked or BlockerReason.Absent or BlockerReason.PendingLeaf or BlockerReason.UnmanagedTrust
            or BlockerReason.MissingAnchor when InstanceId.Length > 0 => InstanceId,
        _ => null,
    };

    /// <summary>A blocker that is no proxy's.</summary>
    public static Blocker Of(BlockerReason reason, string detail, DateTimeOffset? until) => new("", "", "", reason, detail, until);
}
