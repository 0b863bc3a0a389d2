using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Cli.Demo;

/// <summary>A trust bundle.</summary>
/// <param name="Roots">At least one.</param>
/// <param name="Epoch">From the comment line the server ends it with; -1 without one.</param>
internal sealed partial record BundleSecret(X509Certificate2Collection Roots, long Epoch)
{
    /// <exception cref="SecretRejectedException">It cannot be used.</exception>
    public static BundleSecret Read(CertificateValidationContext secret)
    {
        string pem = secret.TrustedCa?.InlineBytes.ToStringUtf8() ?? "";
        try
        {
            X509Certificate2Collection roots = PemCertificates.Read(pem);
            return roots.Count == 0
                ? throw new SecretRejectedException("Failed to load trusted CA certificates: there are none")
                : new BundleSecret(roots, EpochOf(pem));
        }
        catch (CryptographicException error)
        {
            throw new SecretRejectedException($"Failed to load trusted CA certificates: {error.Message}");
        }
    }

    private static long EpochOf(string pem) => EpochLine().Match(pem) is { Success: true } match ? long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : -1;

    [GeneratedRegex(@"^# epoch (\d{1,18}) ", RegexOptions.Multiline)]
    private static partial Regex EpochLine();
}
