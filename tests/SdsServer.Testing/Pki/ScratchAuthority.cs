using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Testing.Pki;

/// <summary>A root of its own, made for one test and independent of the code under test.</summary>
public sealed class ScratchAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;

    public ScratchAuthority(string name)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        CertificateRequest request = new($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
    }

    public string Name => _root.Subject;

    /// <summary>The root as PEM.</summary>
    public string RootPem => _root.ExportCertificatePem();

    /// <summary>A P-256 leaf for clients and servers, valid an hour.</summary>
    /// <param name="uri">Its URI SAN, or null.</param>
    /// <param name="dns">Its DNS SANs.</param>
    /// <returns>The chain and the PKCS#8 key, both PEM.</returns>
    public (string ChainPem, string KeyPem) Issue(string? uri = null, params string[] dns)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SubjectAlternativeNameBuilder names = new();
        if (uri is not null)
        {
            names.AddUri(new Uri(uri));
        }

        foreach (string name in dns)
        {
            names.AddDnsName(name);
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        CertificateRequest request = new("CN=leaf", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        using X509Certificate2 leaf = request.Create(_root, now.AddMinutes(-5), now.AddHours(1), RandomNumberGenerator.GetBytes(16));
        return (leaf.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        _root.Dispose();
        _key.Dispose();
    }
}
