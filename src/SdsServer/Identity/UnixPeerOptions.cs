namespace SdsServer.Identity;

/// <summary>One local user, and perhaps group, that is a workload.</summary>
public sealed class UnixPeerOptions
{
    public int? Uid { get; set; }

    /// <summary>The peer's primary group must be this one too; empty: any.</summary>
    public int? Gid { get; set; }

    public string SpiffeId { get; set; } = "";

    public List<string> DnsNames { get; set; } = [];

    /// <summary>It takes the bundle and never a leaf.</summary>
    public bool BundleOnly { get; set; }
}
