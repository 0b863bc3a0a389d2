using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Cli.Admin;

/// <summary>What a connection to an https address is made with.</summary>
/// <param name="Certificate">PEM file of the own certificate and its intermediates; null for none.</param>
/// <param name="Key">PEM file of its key; null: it stands in the same file.</param>
/// <param name="Ca">PEM file of the server's authorities; null: this machine's.</param>
internal sealed record TlsFiles(string? Certificate, string? Key, string? Ca)
{
    /// <summary>The flags, else <c>SDSCTL_CERT</c>, <c>SDSCTL_KEY</c> and <c>SDSCTL_CA</c>.</summary>
    public static TlsFiles Choose(string? certificate, string? key, string? ca, CliHost host)
    {
        return new TlsFiles(Of(certificate, "SDSCTL_CERT"), Of(key, "SDSCTL_KEY"), Of(ca, "SDSCTL_CA"));

        string? Of(string? flag, string variable) => (flag ?? host.Environment(variable)) is { Length: > 0 } chosen ? chosen : null;
    }

    /// <summary>Reads the files.</summary>
    /// <exception cref="CliException">One of them cannot be used.</exception>
    public SslClientAuthenticationOptions Read()
    {
        SslClientAuthenticationOptions options = new();
        if (Certificate is not null)
        {
            options.ClientCertificateContext = Use(Key is null ? Certificate : $"{Certificate}' and '{Key}", () =>
            {
                string chain = File.ReadAllText(Certificate);
                X509Certificate2Collection all = [];
                all.ImportFromPem(chain);
                return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(chain, File.ReadAllText(Key ?? Certificate)), [.. all.Skip(1)], offline: true);
            });
        }

        if (Ca is not null)
        {
            X509Certificate2Collection authorities = Use(Ca, () =>
            {
                X509Certificate2Collection read = [];
                read.ImportFromPem(File.ReadAllText(Ca));
                return read.Count > 0 ? read : throw new CryptographicException("it holds no certificate");
            });
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return options;
    }

    private static T Use<T>(string files, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw CliException.Usage($"'{files}' cannot be used: {error.Message}", "--cert and --key are PEM files of a certificate and its unencrypted key, --ca one of authorities");
        }
    }
}
