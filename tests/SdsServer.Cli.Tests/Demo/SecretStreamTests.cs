using System.Threading.Channels;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Demo;
using SdsServer.Cli.Tests.Fakes;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Secret.V3;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Cli.Tests.Demo;

/// <summary>The sidecar's side of SDS against a server that is played by the test.</summary>
public sealed class SecretStreamTests : IDisposable
{
    private const string Id = "spiffe://example.org/a";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private readonly TestRoot _root = new("A");

    [Fact]
    public async Task State_of_the_world_acks_what_is_in_use_and_nacks_the_rest()
    {
        Channel<(DiscoveryRequest Request, string Token)> requests = Channel.CreateUnbounded<(DiscoveryRequest, string)>();
        Secret[] secrets = [TestRoot.Bundle(3, _root), TestRoot.Bundle("garbage")];
        await using FakeServer server = await FakeServer.StartAsync(routes => routes.MapService(Sds, service => service.Duplex<DiscoveryRequest, DiscoveryResponse>(
            "StreamSecrets", async (incoming, outgoing, context) =>
            {
                int sent = 0;
                await foreach (DiscoveryRequest request in incoming)
                {
                    if (!request.ResourceNames.Contains("ROOTCA"))
                    {
                        continue;
                    }

                    requests.Writer.TryWrite((request, context.RequestHeaders.GetValue("authorization") ?? ""));
                    if (sent < secrets.Length)
                    {
                        sent++;
                        await outgoing.WriteAsync(new DiscoveryResponse
                        {
                            VersionInfo = $"v{sent}", Nonce = $"n{sent}", TypeUrl = SecretStream.TypeUrl, Resources = { Any.Pack(secrets[sent - 1]) },
                        });
                    }
                    else
                    {
                        return;
                    }
                }
            })));

        using CancellationTokenSource stop = new();
        Sidecar sidecar = new("a", Id, delta: false);
        using SecretStream stream = new(sidecar, server.Address, "t0ken", TimeProvider.System, stop.Token);
        Task running = stream.RunAsync();
        (DiscoveryRequest first, string token) = await NextAsync(requests);
        (DiscoveryRequest ack, _) = await NextAsync(requests);
        (DiscoveryRequest nack, _) = await NextAsync(requests);
        (DiscoveryRequest again, _) = await NextAsync(requests);
        await stop.CancelAsync();
        await running;

        Assert.Equal(("", "", "a", "Bearer t0ken"), (first.VersionInfo, first.ResponseNonce, first.Node.Id, token));
        Assert.Equal(("v1", "n1"), (ack.VersionInfo, ack.ResponseNonce));
        Assert.Null(ack.ErrorDetail);
        Assert.Equal(("v1", "n2", 13), (nack.VersionInfo, nack.ResponseNonce, nack.ErrorDetail.Code));
        Assert.Equal(("v1", ""), (again.VersionInfo, again.ResponseNonce));
    }

    [Fact]
    public async Task Delta_does_the_same()
    {
        Channel<DeltaDiscoveryRequest> requests = Channel.CreateUnbounded<DeltaDiscoveryRequest>();
        Secret[] secrets = [_root.Leaf(Id), TestRoot.Leaf("garbage", "garbage")];
        await using FakeServer server = await FakeServer.StartAsync(routes => routes.MapService(Sds, service => service.Duplex<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
            "DeltaSecrets", async (incoming, outgoing, _) =>
            {
                int sent = 0;
                bool mine = false;
                await foreach (DeltaDiscoveryRequest request in incoming)
                {
                    mine |= request.ResourceNamesSubscribe.Contains("default");
                    if (!mine)
                    {
                        continue;
                    }

                    requests.Writer.TryWrite(request);
                    if (sent == secrets.Length)
                    {
                        return;
                    }

                    sent++;
                    await outgoing.WriteAsync(new DeltaDiscoveryResponse
                    {
                        Nonce = $"n{sent}", TypeUrl = SecretStream.TypeUrl,
                        Resources = { new Resource { Name = "default", Version = $"v{sent}", Resource_ = Any.Pack(secrets[sent - 1]) } },
                    });
                }
            })));

        using CancellationTokenSource stop = new();
        using SecretStream stream = new(new Sidecar("a", Id, delta: true), server.Address, "t0ken", TimeProvider.System, stop.Token);
        Task running = stream.RunAsync();
        DeltaDiscoveryRequest first = await NextAsync(requests);
        DeltaDiscoveryRequest ack = await NextAsync(requests);
        DeltaDiscoveryRequest nack = await NextAsync(requests);
        DeltaDiscoveryRequest again = await NextAsync(requests);
        await stop.CancelAsync();
        await running;

        Assert.Empty(first.InitialResourceVersions);
        Assert.Equal("n1", ack.ResponseNonce);
        Assert.Null(ack.ErrorDetail);
        Assert.Equal(("n2", 13), (nack.ResponseNonce, nack.ErrorDetail.Code));
        Assert.Equal("v1", again.InitialResourceVersions["default"]);
    }

    public void Dispose() => _root.Dispose();

    private static ServiceDescriptor Sds => SdsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("SecretDiscoveryService");

    private static async Task<T> NextAsync<T>(Channel<T> requests)
    {
        using CancellationTokenSource limit = new(s_limit);
        return await requests.Reader.ReadAsync(limit.Token);
    }
}
