using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using SdsServer.Identity.X509;
using SdsServer.Xds;

namespace SdsServer.Hosting;

/// <summary>
/// TLS that asks its clients for a certificate. The handshake proves that the client holds its key, and nothing more: what the certificate is worth is
/// decided from the bytes, against authorities that the machine's store knows nothing of.
/// </summary>
internal static class ClientTls
{
    // What the machine's OpenSSL is set to must not decide this: all of TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticates what it encrypts.
    private static readonly CipherSuitesPolicy? s_suites = OperatingSystem.IsWindows() ? null : new(
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]);

    /// <param name="certificate">Of this server.</param>
    /// <param name="connection">Takes the <see cref="ClientChain"/> as a feature, and <see cref="ServedUnder"/>.</param>
    /// <param name="admit">Lets the connection live, given what was shown; null: whatever was, also nothing.</param>
    public static SslServerAuthenticationOptions Options(IServingCertificate certificate, BaseConnectionContext connection, Func<ClientChain?, bool>? admit = null)
    {
        PresentedCertificate presented = certificate.Current;
        if (presented.RootId is { } root)
        {
            connection.Features.Set(new ServedUnder(root));
        }

        return Options(presented.Context, connection, admit);
    }

    private static SslServerAuthenticationOptions Options(SslStreamCertificateContext presented, BaseConnectionContext connection, Func<ClientChain?, bool>? admit) => new()
    {
        ServerCertificateContext = presented,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CipherSuitesPolicy = s_suites,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ClientCertificateRequired = true,

        // A resumed session shows what was proven in another handshake, perhaps long ago.
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,

        // The stream builds a chain before it asks below: it must do so with nothing of the machine's, and fetch nothing.
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
        RemoteCertificateValidationCallback = (_, leaf, chain, _) =>
        {
            ClientChain? shown = leaf is null ? null : ClientChain.Read(leaf, chain?.ChainPolicy.ExtraStore);
            if (shown is not null)
            {
                connection.Features.Set(shown);
            }

            return admit is null || admit(shown);
        },
    };
}
