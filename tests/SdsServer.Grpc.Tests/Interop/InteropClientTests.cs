using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Grpc.Client;

namespace SdsServer.Grpc.Tests.Interop;

/// <summary>Our client against our server, over each transport.</summary>
public sealed class InteropClientTests
{
    public static TheoryData<string> Cases => [.. InteropClient.Cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Passes_in_plaintext(string testCase)
    {
        await using TestServer server = await TestServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        await InteropClient.Cases[testCase](channel).WaitAsync(TimeSpan.FromSeconds(90));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Passes_on_a_Unix_socket(string testCase)
    {
        await using TestServer server = await TestServer.StartAsync();
        using GrpcChannel channel = GrpcChannel.ForAddress($"unix://{server.SocketPath}");
        await InteropClient.Cases[testCase](channel).WaitAsync(TimeSpan.FromSeconds(90));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Passes_with_TLS(string testCase)
    {
        using TestCertificate certificate = new();
        await using TestServer server = await TestServer.StartAsync(certificate: certificate.Certificate);
        using GrpcChannel channel = server.Channel(new GrpcChannelOptions { Tls = Trusting(certificate.Certificate) });
        await InteropClient.Cases[testCase](channel).WaitAsync(TimeSpan.FromSeconds(90));
    }

    public static SslClientAuthenticationOptions Trusting(X509Certificate2 root) => new()
    {
        TargetHost = "localhost",
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { root },
        },
    };
}
