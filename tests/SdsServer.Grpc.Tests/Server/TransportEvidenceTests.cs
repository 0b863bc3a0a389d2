using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using SdsServer.Grpc.Authority;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Server;

/// <summary>What a handler can learn of its caller: the authority middleware must not stand between.</summary>
public sealed class TransportEvidenceTests
{
    [Fact]
    public async Task The_client_certificate()
    {
        using TestCertificate certificate = new();
        string? seen = null;
        await using TestServer server = await TestServer.StartAsync(
            routes => routes.MapService(Behaviour.Descriptor, service => service.Unary<Text, Text>("Unary", (request, context) =>
            {
                seen = context.HttpContext.Connection.ClientCertificate?.Thumbprint;
                return Task.FromResult(request);
            })),
            listen: endpoint =>
            {
                if (endpoint.IPEndPoint is not null)
                {
                    endpoint.UseHttps(certificate.Certificate, https =>
                    {
                        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                        https.ClientCertificateValidation = (_, _, _) => true;
                    });
                }

                endpoint.AcceptAnyAuthority();
            });
        var tls = InteropClientTests.Trusting(certificate.Certificate);
        tls.ClientCertificates = new X509CertificateCollection { certificate.Certificate };
        tls.LocalCertificateSelectionCallback = (_, _, local, _, _) => local[0];
        using GrpcChannel channel = GrpcChannel.ForAddress($"https://127.0.0.1:{server.Address.Port}", new GrpcChannelOptions { Tls = tls });
        await channel.UnaryAsync(Behaviour.Unary, new Text()).InTime();
        Assert.Equal(certificate.Certificate.Thumbprint, seen);
    }

    [Fact]
    public async Task The_socket_of_a_Unix_peer()
    {
        Socket? seen = null;
        await using TestServer server = await Behaviour.UnaryAsync((request, context) =>
        {
            seen = context.HttpContext.Features.Get<IConnectionSocketFeature>()?.Socket;
            return Task.FromResult(request);
        });
        using GrpcChannel channel = GrpcChannel.ForAddress($"unix://{server.SocketPath}");
        await channel.UnaryAsync(Behaviour.Unary, new Text()).InTime();
        Assert.Equal(AddressFamily.Unix, seen?.AddressFamily);
    }
}
