using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Cli.Demo;

/// <summary>Certificates in PEM, read as strictly as Envoy does: one bad block spoils them all.</summary>
internal static class PemCertificates
{
    /// <exception cref="CryptographicException">A block is cut off or malformed.</exception>
    public static X509Certificate2Collection Read(string pem)
    {
        X509Certificate2Collection certificates = [];
        certificates.ImportFromPem(pem);
        int begun = pem.AsSpan().Count("-----BEGIN");
        return begun == certificates.Count
            ? certificates
            : throw new CryptographicException($"{begun} PEM blocks begin, {certificates.Count} of them hold a certificate");
    }
}
