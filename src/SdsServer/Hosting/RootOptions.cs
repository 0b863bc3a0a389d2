using SdsServer.Core.Pki;

namespace SdsServer.Hosting;

/// <summary>New built-in roots.</summary>
public sealed class RootOptions
{
    public KeyAlgorithm KeyAlgorithm { get; set; } = KeyAlgorithm.EcdsaP256;

    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(3652);

    /// <summary>Of new intermediates below a built-in root; they end with it at the latest.</summary>
    public TimeSpan IntermediateLifetime { get; set; } = TimeSpan.FromDays(365);
}
