using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Cli.Demo;

/// <summary>One real mTLS handshake between two sidecars, and a byte each way.</summary>
internal static class Handshake
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Each side checks the other against the bundle it holds, and its SPIFFE ID. Nothing is resumed.</summary>
    /// <returns>Null when it went well, else what went wrong.</returns>
    public static async Task<string?> TryAsync(TlsIdentity client, string clientId, TlsIdentity server, string serverId, CancellationToken cancellation)
    {
        (DuplexStream clientEnd, DuplexStream serverEnd) = DuplexStream.Pair();
        PeerCheck clientCheck = new(serverId);
        PeerCheck serverCheck = new(clientId);
        Task<Exception?> clientSide = Settle(ClientAsync(clientEnd, client, clientCheck, cancellation), clientEnd);
        Task<Exception?> serverSide = Settle(ServerAsync(serverEnd, server, serverCheck, cancellation), serverEnd);
        Exception? clientError = await clientSide;
        Exception? serverError = await serverSide;
        cancellation.ThrowIfCancellationRequested();
        return (clientError, serverError) is (null, null)
            ? null
            : clientCheck.Finding is { } server_ ? $"the client refused the server: {server_}"
            : serverCheck.Finding is { } client_ ? $"the server refused the client: {client_}"
            : $"client: {clientError?.Message ?? "fine"}; server: {serverError?.Message ?? "fine"}";
    }

    private static async Task ClientAsync(DuplexStream connection, TlsIdentity identity, PeerCheck check, CancellationToken cancellation)
    {
        await using SslStream tls = new(connection, leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "peer",
                ClientCertificateContext = identity.Context,
                CertificateChainPolicy = identity.Policy(ServerAuthentication),
                RemoteCertificateValidationCallback = check.Verify,
                EnabledSslProtocols = SslProtocols.Tls13,
                AllowTlsResume = false,
            },
            cancellation);
        byte[] ping = [1];
        await tls.WriteAsync(ping, cancellation);
        await tls.ReadExactlyAsync(ping, cancellation);
    }

    private static async Task ServerAsync(DuplexStream connection, TlsIdentity identity, PeerCheck check, CancellationToken cancellation)
    {
        await using SslStream tls = new(connection, leaveInnerStreamOpen: false);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = identity.Context,
                ClientCertificateRequired = true,
                CertificateChainPolicy = identity.Policy(ClientAuthentication),
                RemoteCertificateValidationCallback = check.Verify,
                EnabledSslProtocols = SslProtocols.Tls13,
                AllowTlsResume = false,
            },
            cancellation);
        byte[] ping = new byte[1];
        await tls.ReadExactlyAsync(ping, cancellation);
        await tls.WriteAsync(ping, cancellation);
    }

    // A side that fails closes its end, or the other would wait for ever.
    private static async Task<Exception?> Settle(Task side, DuplexStream end)
    {
        await side.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (side.IsCompletedSuccessfully)
        {
            return null;
        }

        await end.DisposeAsync();
        return side.Exception?.GetBaseException() ?? new OperationCanceledException();
    }
}
