namespace SdsServer.Testing.Envoy;

/// <summary>How a sidecar process runs.</summary>
public sealed record SidecarOptions
{
    /// <summary>User and group id to run as; null for this process's. Needs root.</summary>
    public int? Uid { get; init; }

    /// <summary>Where its admin listens; 0: anywhere.</summary>
    public int AdminPort { get; init; }

    /// <summary>How long a hot restart leaves the old process serving.</summary>
    public TimeSpan ParentLifetime { get; init; } = TimeSpan.FromSeconds(5);
}
