using SdsServer.Core.Pki;

namespace SdsServer.Hosting;

/// <summary>Leaves.</summary>
public sealed class LeafOptions
{
    public KeyAlgorithm KeyAlgorithm { get; set; } = KeyAlgorithm.EcdsaP256;

    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Shorter leaves are refused, also where a root's end would cut them.</summary>
    public TimeSpan Minimum { get; set; } = TimeSpan.FromMinutes(5);

    public TimeSpan Maximum { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How far before now their validity begins.</summary>
    public TimeSpan Backdate { get; set; } = TimeSpan.FromMinutes(5);
}
