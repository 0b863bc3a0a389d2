using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Cli.Demo;

/// <summary>A leaf with its key and the intermediates above it. Holds a key: not a record, and it prints the serial only.</summary>
internal sealed class LeafSecret
{
    private LeafSecret(X509Certificate2 certificate, X509Certificate2Collection intermediates) =>
        (Certificate, Intermediates) = (certificate, intermediates);

    public X509Certificate2 Certificate { get; }

    public X509Certificate2Collection Intermediates { get; }

    public string Serial => Certificate.SerialNumber;

    /// <summary>Subject of whoever signed it.</summary>
    public string Issuer => Certificate.Issuer;

    /// <summary>Hex key identifier of whoever signed it; empty without one.</summary>
    public string IssuerKeyId => Certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } id
        ? Convert.ToHexStringLower(id.Span)
        : "";

    /// <exception cref="SecretRejectedException">It cannot be used.</exception>
    public static LeafSecret Read(TlsCertificate secret)
    {
        try
        {
            string chain = secret.CertificateChain?.InlineBytes.ToStringUtf8() ?? "";
            string key = secret.PrivateKey?.InlineBytes.ToStringUtf8() ?? "";
            X509Certificate2Collection certificates = PemCertificates.Read(chain);
            return certificates.Count == 0
                ? throw new SecretRejectedException("Failed to load certificate chain: it is empty")
                : new LeafSecret(X509Certificate2.CreateFromPem(chain, key), [.. certificates.Skip(1)]);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            // Never the content: it holds the key.
            throw new SecretRejectedException($"Failed to load certificate or private key: {error.GetType().Name}");
        }
    }

    public override string ToString() => Serial;
}
