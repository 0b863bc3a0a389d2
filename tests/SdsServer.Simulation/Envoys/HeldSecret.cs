using System.Globalization;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Simulation.Envoys;

/// <summary>What an Envoy reads in the bytes of a secret; nothing of it comes from the engine.</summary>
/// <param name="Kind">By the arm of the message.</param>
/// <param name="Text">The bytes themselves: equal text is equal bytes.</param>
/// <param name="Roots">Of a bundle: what it accepts. Of a leaf: where its chain can end.</param>
/// <param name="Epoch">Of a bundle.</param>
/// <param name="Serial">Of a leaf.</param>
/// <param name="NotAfter">Of a leaf.</param>
internal sealed record HeldSecret(SecretKind Kind, string Text, RootSet Roots, long Epoch, string Serial, DateTimeOffset NotAfter)
{
    public static HeldSecret Read(Secret secret)
    {
        if (secret.TypeCase == Secret.TypeOneofCase.SessionTicketKeys)
        {
            return new HeldSecret(SecretKind.TicketKeys, string.Join('|', secret.SessionTicketKeys.Keys.Select(static key => key.InlineBytes.ToBase64())), default, 0, "", default);
        }

        bool isLeaf = secret.TypeCase == Secret.TypeOneofCase.TlsCertificate;
        string text = (isLeaf ? secret.TlsCertificate.CertificateChain : secret.ValidationContext.TrustedCa).InlineBytes.ToStringUtf8();
        string[] parts = text.Split('|');
        return isLeaf
            ? new HeldSecret(SecretKind.Leaf, text, RootSet.Of(parts[1].Split(',')), 0, parts[0], new DateTimeOffset(long.Parse(parts[2], CultureInfo.InvariantCulture), TimeSpan.Zero))
            : new HeldSecret(SecretKind.Bundle, text, RootSet.Of(parts[0].Split(',')), long.Parse(parts[1], CultureInfo.InvariantCulture), "", default);
    }
}
