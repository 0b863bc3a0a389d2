using SdsServer.Core.Pki;

namespace SdsServer.Hosting;

/// <summary>New built-in roots.</summary>
public sealed class RootOptions
{
    public KeyAlgorithm KeyAlgorithm { get; set; } = KeyAlgorithm.EcdsaP256;

    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(3652);
}
