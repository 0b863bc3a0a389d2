using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using SdsServer.Admin;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Hosting;
using SdsServer.Xds;
using Xunit.Abstractions;
using Metadata = SdsServer.Grpc.Metadata;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Tests.Serving;

/// <summary>kill -9 of the real server while its own certificate waits for a proxy, and while it moves: whoever could connect before can connect after.</summary>
public sealed class ServingKillTests(ITestOutputHelper output) : IDisposable
{
    private const string Domain = "trustDomains/example.org";

    // Kills after the word that lets it move: at once, and at each of the next changes of the store.
    private const int Kills = 4;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(180);
    private static readonly GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse> s_delta = new(SecretDiscoveryService.Descriptor, "DeltaSecrets");

    private readonly TemporaryDirectory _folder = new("sdsserver-kill");
    private readonly ReservedPort _port = ReservedPort.Take();

    public void Dispose()
    {
        _port.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Killed_while_it_waits_and_at_each_step_of_its_move_it_serves_those_who_could_connect()
    {
        string data = _folder.PathOf("waiting"), old, both, next, missing;
        await using (ChildProcess server = await StartAsync(data))
        {
            using GrpcChannel admin = Admin(data);
            old = (await AnchorsAsync(admin)).Pem;
            string token = (await CallAsync<CreateTokenRequest, CreateTokenResponse>(
                admin, TokenService.Descriptor, "CreateToken", new CreateTokenRequest { Parent = Domain, SpiffeId = "spiffe://example.org/web" })).Secret;
            await using Link proxy = await Link.StartAsync(Connect(old), token);
            next = (await CallAsync<CreateAuthorityRequest, Authority>(
                admin, AuthorityService.Descriptor, "CreateAuthority", new CreateAuthorityRequest { Parent = Domain, ExpectedRevision = (await TrustAsync(admin)).Revision, BuiltInRoot = new NewAuthority(), Reason = "next" })).Name;
            await CallAsync<StartRotationRequest, StartRotationResponse>(admin, RotationService.Descriptor, "StartRotation", new StartRotationRequest
            {
                Parent = Domain, ExpectedRevision = (await TrustAsync(admin)).Revision, RequestId = "next", Kind = RotationKind.Planned, ToAuthority = next, Reason = "test",
            });
            missing = Assert.Single((await UntilAsync(admin, server, "the certificate to wait", trust => trust.Serving.Waits)).Serving.Missing).Instance;
            both = (await AnchorsAsync(admin)).Pem;
            server.Kill();
            await server.Exited;
        }

        for (int kill = 0; kill < Kills; kill++)
        {
            string copy = _folder.PathOf($"{kill}");
            Copy(data, copy);
            bool answered;
            await using (ChildProcess server = await StartAsync(copy))
            {
                using GrpcChannel admin = Admin(copy);

                // It was killed while it waited: it waits for the same proxy, which connects as before.
                TrustDomain waiting = await TrustAsync(admin);
                Assert.True(waiting.Serving.Waits);
                Assert.Equal(missing, Assert.Single(waiting.Serving.Missing).Instance);
                await ShakeHandsAsync(old);

                // What the word sets free moves at once, in an old term.
                await Condition.AwaitAsync("the term to be old", s_limit, async _ => (await CallAsync<GetRotationRequest, Rotation>(admin, RotationService.Descriptor, "GetRotation", new GetRotationRequest { Name = waiting.ActiveRotation }))
                    .Gate.Refusal.BlockerCounts.All(count => count.Reason != BlockerReason.LeaderSettling));
                answered = await MoveAndKillAsync(admin, server, Path.Combine(copy, "sds.db-wal"), missing, next, waiting.Epoch, kill);
            }

            await using (ChildProcess server = await StartAsync(copy))
            {
                using GrpcChannel admin = Admin(copy);
                TrustDomain after = await TrustAsync(admin);
                using X509Certificate2 shown = await ShakeHandsAsync(both);
                output.WriteLine($"killed at change {kill}: the word was {(answered ? "answered" : "not answered")}, then it is under {after.Serving.Authority}, waits: {after.Serving.Waits}");

                // The proxy that was asked about trusts both; whoever trusts the old one alone can connect for as long as the move was not decided.
                if (after.Serving.Authority != next)
                {
                    using X509Certificate2 still = await ShakeHandsAsync(old);
                }

                if (after.Serving.MissingCount > 0)
                {
                    Assert.False(answered, "the operator's word is lost");
                    await ConfirmAsync(admin, missing, after.Epoch);
                }

                await UntilAsync(admin, server, "the certificate to move", trust => trust.Serving.Authority == next);
                using X509Certificate2 moved = await ShakeHandsAsync(both);
                server.Kill();
                await server.Exited;
            }
        }
    }

    /// <summary>Gives the word that the proxy trusts both roots, and kills, at the latest when the certificate has moved. Whether the word was answered.</summary>
    private static async Task<bool> MoveAndKillAsync(GrpcChannel admin, ChildProcess server, string log, string instance, string next, long epoch, int changes)
    {
        long length = new FileInfo(log).Length;
        int left = changes;
        Thread killer = new(() =>
        {
            while (left > 0 && server.IsRunning)
            {
                long now = new FileInfo(log).Length;
                left -= now == length ? 0 : 1;
                length = now;
            }

            server.Kill();
        })
        { IsBackground = true };
        Task<Instance> word = ConfirmAsync(admin, instance, epoch);
        killer.Start();
        bool answered = false;
        try
        {
            await word;
            answered = true;
            await UntilAsync(admin, server, "the certificate to move, or the kill", trust => trust.Serving.Authority == next);
            server.Kill();
        }
        catch (RpcException)
        {
            // It has been killed.
        }

        await server.Exited.WaitAsync(s_limit);

        // It looks at a process that is disposed of next.
        killer.Join();
        return answered;
    }

    private static GrpcChannel Admin(string data) => GrpcChannel.ForAddress($"unix://{data}/admin.sock");

    private static Task<TResponse> CallAsync<TRequest, TResponse>(GrpcChannel admin, ServiceDescriptor service, string method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        admin.UnaryAsync(new GrpcMethod<TRequest, TResponse>(service, method), request, new CallOptions(Timeout: s_limit));

    private static Task<TrustDomain> TrustAsync(GrpcChannel admin) =>
        CallAsync<GetTrustDomainRequest, TrustDomain>(admin, TrustDomainService.Descriptor, "GetTrustDomain", new GetTrustDomainRequest { Name = Domain });

    private static Task<GetAnchorsResponse> AnchorsAsync(GrpcChannel admin) =>
        CallAsync<GetAnchorsRequest, GetAnchorsResponse>(admin, TrustDomainService.Descriptor, "GetAnchors", new GetAnchorsRequest { Name = Domain });

    private static Task<Instance> ConfirmAsync(GrpcChannel admin, string instance, long epoch) =>
        CallAsync<ConfirmAnchorsRequest, Instance>(admin, FleetService.Descriptor, "ConfirmAnchors", new ConfirmAnchorsRequest { Name = instance, Epoch = epoch, Reason = "looked" });

    private static async Task<TrustDomain> UntilAsync(GrpcChannel admin, ChildProcess server, string what, Func<TrustDomain, bool> condition)
    {
        TrustDomain? trust = null;
        await Condition.AwaitAsync(what, s_limit, async _ => condition(trust = await TrustAsync(admin)), () => $"{trust} {server.Log}");
        return trust!;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (string name in new[] { "sds.db", "sds.db-wal", "key-encryption-key" })
        {
            File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }
    }

    private Task<ChildProcess> StartAsync(string data) => RealServer.StartAsync(
        data, $"Xds:Tcp={_port.Endpoint}", "Xds:ServingNames:0=localhost", "Rotation:TrustSoak=00:00:00", "Rotation:Waves=100%", "Rotation:MaxInFlight=1000", "Rotation:CanarySoak=00:00:00",
        "Rotation:WaveSoak=00:00:00", "Rotation:DropSoak=00:00:00", "Fleet:ReconnectWindow=00:00:01");

    private GrpcChannel Connect(string anchorsPem) => GrpcChannel.ForAddress(
        $"https://localhost:{_port.Endpoint.Port}", new GrpcChannelOptions { SingleConnection = true, Tls = new SslClientAuthenticationOptions { CertificateChainPolicy = Policy(anchorsPem) } });

    private static X509ChainPolicy Policy(string anchorsPem)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(anchorsPem);
        return policy;
    }

    private async Task<X509Certificate2> ShakeHandsAsync(string anchorsPem)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _port.Endpoint.Port);
        await using SslStream tls = new(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = Policy(anchorsPem), ApplicationProtocols = [SslApplicationProtocol.Http2] });
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
    }

    /// <summary>A proxy that takes bundle and leaf, accepts all, and says nothing of its anchors.</summary>
    private sealed class Link : IAsyncDisposable
    {
        private readonly GrpcChannel _channel;
        private readonly ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> _call;
        private readonly TaskCompletionSource _leaf = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _running;

        private Link(GrpcChannel channel, string token)
        {
            _channel = channel;
            _call = channel.Duplex(s_delta, new CallOptions(new Metadata { { "authorization", $"Bearer {token}" } }));
            _running = RunAsync();
        }

        /// <returns>Once it has a leaf, and counts.</returns>
        public static async Task<Link> StartAsync(GrpcChannel channel, string token)
        {
            Link link = new(channel, token);
            await (await Task.WhenAny(link._leaf.Task, link._running)).WaitAsync(s_limit);
            return link;
        }

        public async ValueTask DisposeAsync()
        {
            await _call.DisposeAsync();
            _channel.Dispose();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task RunAsync()
        {
            await _call.WriteAsync(new DeltaDiscoveryRequest { Node = new Node { Id = "web", Cluster = "web" }, ResourceNamesSubscribe = { "ROOTCA", "default" } });
            while (await _call.ReadAsync() is { } response)
            {
                await _call.WriteAsync(new DeltaDiscoveryRequest { ResponseNonce = response.Nonce });
                if (response.Resources.Any(resource => resource.Name == "default"))
                {
                    _leaf.TrySetResult();
                }
            }
        }
    }
}
