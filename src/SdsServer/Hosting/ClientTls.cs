using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using SdsServer.Identity.X509;

namespace SdsServer.Hosting;

/// <summary>
/// TLS that asks its clients for a certificate. The handshake proves that the client holds its key, and nothing more: what the certificate is worth is
/// decided from the bytes, against authorities that the machine's store knows nothing of.
/// </summary>
internal static class ClientTls
{
    /// <param name="certificate">Of this server.</param>
    /// <param name="connection">Takes the <see cref="ClientChain"/> as a feature.</param>
    /// <param name="admit">Lets the connection live, given what was shown; null: whatever was, also nothing.</param>
    public static SslServerAuthenticationOptions Options(IServingCertificate certificate, BaseConnectionContext connection, Func<ClientChain?, bool>? admit = null) => new()
    {
        ServerCertificateContext = certificate.Current,
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
