using System.Collections.Immutable;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SdsServer.Benchmarks.Envoys;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Benchmarks.Goals;

/// <summary>Two more proxies that greet each other with TLS without a pause, each with the secrets it holds at that instant.</summary>
internal sealed class HandshakeProbe : IAsyncDisposable
{
    private const string Name = "probe";

    private readonly Swarm _proxies;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _handshakes;
    private int _failed;

    private HandshakeProbe(Swarm proxies)
    {
        _proxies = proxies;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Why the last failed handshake failed.</summary>
    public string? Problem { get; private set; }

    public static async Task<HandshakeProbe> StartAsync(EndPoint server, RecordedEnvoy envoy) => new(await Swarm.ConnectAsync(
        new SwarmOptions(server, envoy) { Envoys = 2, Secrets = ["ROOTCA", "default"], NodePrefix = Name, Ramp = 1, Keep = true }));

    public async Task<(int Handshakes, int Failed)> StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        return (_handshakes, _failed);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _proxies.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        SecretStream[] bundles = [.. _proxies.Streams.Where(stream => stream.Name == "ROOTCA")], leaves = [.. _proxies.Streams.Where(stream => stream.Name == "default")];
        for (int side = 0; !_stop.IsCancellationRequested; side = 1 - side)
        {
            _handshakes++;
            try
            {
                await ShakeHandsAsync((leaves[side], bundles[side]), (leaves[1 - side], bundles[1 - side]));
            }
            catch (Exception error) when (error is AuthenticationException or IOException)
            {
                _failed++;
                Problem = error.Message;
            }
        }
    }

    private static async Task ShakeHandsAsync((SecretStream Leaf, SecretStream Bundle) server, (SecretStream Leaf, SecretStream Bundle) client)
    {
        Pipe there = new(), back = new();
        await using SslStream serverSide = new(new DuplexStream(there.Reader.AsStream(), back.Writer.AsStream()));
        await using SslStream clientSide = new(new DuplexStream(back.Reader.AsStream(), there.Writer.AsStream()));
        using X509Certificate2 serverLeaf = Leaf(server.Leaf), clientLeaf = Leaf(client.Leaf);
        Task accepting = serverSide.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = serverLeaf,
            ClientCertificateRequired = true,
            CertificateChainPolicy = Policy(server.Bundle),
            RemoteCertificateValidationCallback = Trusted,
        });
        Task connecting = clientSide.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = Name,
            ClientCertificates = [clientLeaf],
            CertificateChainPolicy = Policy(client.Bundle),
            RemoteCertificateValidationCallback = Trusted,
        });
        await Task.WhenAll(accepting, connecting);
    }

    // The name is the SPIFFE ID's business, and the same on both sides of a rotation.
    private static bool Trusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;

    private static X509Certificate2 Leaf(SecretStream stream)
    {
        TlsCertificate secret = Secret(stream).TlsCertificate;
        using X509Certificate2 ephemeral = X509Certificate2.CreateFromPem(secret.CertificateChain.InlineBytes.ToStringUtf8(), secret.PrivateKey.InlineBytes.ToStringUtf8());
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }

    private static X509ChainPolicy Policy(SecretStream stream)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(Encoding.UTF8.GetString(Secret(stream).ValidationContext.TrustedCa.InlineBytes.Span));
        return policy;
    }

    private static Secret Secret(SecretStream stream) =>
        Protos.Envoy.Tls.V3.Secret.Parser.ParseFrom(DiscoveryResponse.Parser.ParseFrom(stream.Newest).Resources[0].Value);
}
