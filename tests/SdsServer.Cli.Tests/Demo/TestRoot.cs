using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Cli.Tests.Demo;

/// <summary>A root that issues leaves, as secrets.</summary>
internal sealed class TestRoot : IDisposable
{
    private readonly X509Certificate2 _root;

    public TestRoot(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(Today.AddDays(-2), Today.AddDays(30));
    }

    public string Pem => _root.ExportCertificatePem() + "\n";

    private static DateTimeOffset Today => TimeProvider.System.GetUtcNow();

    public static Secret Bundle(long epoch, params TestRoot[] roots) => Bundle(string.Concat(roots.Select(root => root.Pem)) + $"# epoch {epoch} salt 0a\n");

    public static Secret Bundle(string pem) => new()
    {
        Name = "ROOTCA", ValidationContext = new CertificateValidationContext { TrustedCa = Bytes(pem) },
    };

    public static Secret Leaf(string chain, string key) => new()
    {
        Name = "default", TlsCertificate = new TlsCertificate { CertificateChain = Bytes(chain), PrivateKey = Bytes(key) },
    };

    /// <summary>A leaf with its key; valid until <paramref name="days"/> from now.</summary>
    public Secret Leaf(string spiffeId, double days = 1)
    {
        (string chain, string key) = Issue(spiffeId, days);
        return Leaf(chain, key);
    }

    public (string Chain, string Key) Issue(string spiffeId, double days = 1)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=leaf", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddUri(new Uri(spiffeId));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        using X509Certificate2 leaf = request.Create(_root, Today.AddDays(-1.5), Today.AddDays(days), RandomNumberGenerator.GetBytes(16));
        return (leaf.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => _root.Dispose();

    private static DataSource Bytes(string text) => new() { InlineBytes = ByteString.CopyFromUtf8(text) };
}
