using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Testing.Envoy;

/// <summary>The chain a listener really serves, leaf first, read from the wire before any client certificate is asked for.</summary>
/// <param name="Leaf">Its leaf.</param>
/// <param name="Intermediates">Certificates that came with it, in no order.</param>
public sealed record ServedChain(X509Certificate2 Leaf, ImmutableArray<X509Certificate2> Intermediates)
{
    /// <summary>Lower-case hexadecimal digits without leading zeros, as Envoy's <c>/certs</c> prints it.</summary>
    public string SerialNumber => Leaf.SerialNumber.TrimStart('0').ToLowerInvariant();

    /// <summary>Reads the chain. A listener that demands a client certificate counts this as <c>fail_verify_no_cert</c> and <c>connection_error</c>.</summary>
    public static async Task<ServedChain> ReadAsync(IPEndPoint endpoint, CancellationToken cancellation = default)
    {
        using TcpClient client = new();
        await client.ConnectAsync(endpoint, cancellation);
        ServedChain? served = null;
        await using SslStream tls = new(client.GetStream());
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = "served-chain",
            RemoteCertificateValidationCallback = (_, leaf, chain, _) =>
            {
                served = new ServedChain(
                    X509CertificateLoader.LoadCertificate(leaf!.GetRawCertData()),
                    [.. chain!.ChainPolicy.ExtraStore.Select(extra => X509CertificateLoader.LoadCertificate(extra.RawData))]);
                return true;
            },
        };
        try
        {
            await tls.AuthenticateAsClientAsync(options, cancellation);
        }
        catch (Exception refused) when (served is not null && refused is IOException or System.Security.Authentication.AuthenticationException)
        {
            // TLS 1.2 listeners refuse the missing client certificate inside the handshake; the chain has come by then.
        }

        return served!;
    }
}
