using System.Globalization;
using System.Security.Cryptography;

namespace SdsServer.Core.Secrets;

/// <summary>A trust bundle as PEM, ending in a comment line with its epoch and salt, so that bytes of two epochs never agree.</summary>
public sealed class BundlePayload : SecretPayload
{
    /// <param name="epoch">The bundle's epoch.</param>
    /// <param name="pem">UTF-8 PEM blocks and the closing comment line.</param>
    public BundlePayload(long epoch, ReadOnlyMemory<byte> pem)
        : base(string.Create(CultureInfo.InvariantCulture, $"b{epoch}-{Convert.ToHexStringLower(SHA256.HashData(pem.Span).AsSpan(0, 8))}"))
    {
        Epoch = epoch;
        Pem = pem;
    }

    public long Epoch { get; }

    public ReadOnlyMemory<byte> Pem { get; }

    public override SecretKind Kind => SecretKind.Bundle;
}
