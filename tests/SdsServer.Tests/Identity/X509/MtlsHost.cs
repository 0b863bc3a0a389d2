using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SdsServer.Admin;
using SdsServer.Admin.Operators;
using SdsServer.Core.Authorities;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Enrolment;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Hosting;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Identity.X509;
using SdsServer.Limits;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Admin;
using SdsServer.Xds;

namespace SdsServer.Tests.Identity.X509;

/// <summary>All services behind the real listeners, over real TLS and a real trust domain; only the disk is memory.</summary>
internal sealed class MtlsHost : IAsyncDisposable
{
    public const string TrustDomain = "example.org";
    public const string Domain = "trustDomains/example.org";
    public const string Web = "spiffe://example.org/ns/shop/web";

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<IDisposable> _parts = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TemporaryDirectory _directory = new("sdsserver-mtls");
    private readonly ScratchAuthority _server = new("server CA");
    private WebApplication _app = null!;
    private Keyring _keyring = null!;
    private Task _reading = Task.CompletedTask;

    private MtlsHost(SimulatedDisk disk) => (Disk, Store) = (disk, new InMemoryTrustStore(disk));

    public SimulatedDisk Disk { get; }

    public InMemoryTrustStore Store { get; }

    public CapturedLog Log { get; } = new();

    public TrustDomainLoop Loop { get; private set; } = null!;

    public EnrolmentDirectory Enrolments { get; private set; } = null!;

    public RegistrationDirectory Registrations { get; private set; } = null!;

    public int XdsPort { get; private set; }

    public int AdminPort { get; private set; }

    /// <summary>The proxies' Unix socket.</summary>
    public string XdsSocket => _directory.PathOf("sds.sock");

    /// <summary>The operators' own connection, on the socket.</summary>
    public GrpcChannel Admin { get; private set; } = null!;

    /// <param name="change">Changes settings; files named there are in the directory it is given.</param>
    public static async Task<MtlsHost> StartAsync(Action<ServerOptions, TemporaryDirectory>? change = null, TimeProvider? time = null, SimulatedDisk? disk = null)
    {
        MtlsHost host = new(disk ?? new SimulatedDisk());
        await host.RunAsync(change, time ?? TimeProvider.System);
        return host;
    }

    /// <summary>The mesh's signing root, to forge with.</summary>
    public async Task<Forged> MeshRootAsync() =>
        Forged.Of(await _keyring.OpenAsync(await Loop.ReadAsync(engine => engine.State.Authority(engine.State.Signer), default), default));

    public string PathOf(string name) => _directory.PathOf(name);

    public async Task<string> PathOfAsync(string name, string content)
    {
        string path = _directory.PathOf(name);
        await File.WriteAllTextAsync(path, content);
        return path;
    }

    /// <summary>A connection of its own to the proxies' port.</summary>
    /// <param name="certificate">What the client shows; null: nothing.</param>
    /// <param name="sent">What it sends beside it.</param>
    public GrpcChannel Connect(X509Certificate2? certificate = null, params X509Certificate2[] sent) => Connect(XdsPort, certificate, sent);

    public GrpcChannel ConnectAdmin(X509Certificate2? certificate, params X509Certificate2[] sent) => Connect(AdminPort, certificate, sent);

    /// <summary>A stream of the bundle by whoever has this certificate.</summary>
    public SecretCall Open(X509Certificate2? certificate, params X509Certificate2[] sent) => new(Connect(certificate, sent), []);

    /// <summary>How a stream is refused.</summary>
    public async Task<Status> RefusesAsync(X509Certificate2? certificate, params X509Certificate2[] sent)
    {
        await using SecretCall stream = Open(certificate, sent);
        return await stream.StatusAsync();
    }

    /// <summary>Whom the server takes the bearer of a certificate for.</summary>
    public async Task<string> WhoIsAsync(X509Certificate2 certificate, params X509Certificate2[] sent)
    {
        await using SecretCall stream = Open(certificate, sent);
        await stream.ReadAsync();
        return await Loop.ReadAsync(engine => engine.Instances().Single(instance => instance.Key.NodeId == stream.NodeId).Key.SpiffeId, default);
    }

    /// <summary>Makes a token for a workload, or for joining.</summary>
    public async Task<string> TokenAsync(string spiffeId, int? uses = null, TimeSpan? ttl = null) => (await Admin.UnaryAsync(
        new GrpcMethod<CreateTokenRequest, CreateTokenResponse>(SdsServer.Admin.TokenService.Descriptor, "CreateToken"),
        new CreateTokenRequest
        {
            Parent = Domain, SpiffeId = spiffeId, Join = uses is { } join ? new JoinUses { Uses = join } : null, Ttl = ttl is { } life ? Duration.FromTimeSpan(life) : null,
        },
        new CallOptions(Timeout: Limit))).Secret;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        Admin.Dispose();
        await _app.DisposeAsync();
        foreach (IDisposable part in _parts)
        {
            part.Dispose();
        }

        await Loop.DisposeAsync();
        _keyring.Dispose();
        await Store.DisposeAsync();
        _server.Dispose();
        _directory.Dispose();
        _stop.Dispose();
    }

    /// <summary>A connection of its own to the proxies' port by whoever knows the server by these roots.</summary>
    public GrpcChannel ConnectBy(string anchorsPem) => Connect(XdsPort, null, [], anchorsPem);

    private GrpcChannel Connect(int port, X509Certificate2? certificate, X509Certificate2[] sent, string? anchorsPem = null)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(anchorsPem ?? _server.RootPem);
        return GrpcChannel.ForAddress($"https://localhost:{port}", new GrpcChannelOptions
        {
            SingleConnection = true,
            Tls = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, [.. sent], offline: true),
            },
        });
    }

    private async Task RunAsync(Action<ServerOptions, TemporaryDirectory>? change, TimeProvider time)
    {
        (string chain, string key) = _server.Issue(dns: "localhost");
        ServerOptions options = new() { DataDirectory = _directory.Path };
        options.Xds.Tcp = "127.0.0.1:0";
        options.Xds.CertificateFile = await PathOfAsync("server.crt", chain);
        options.Xds.KeyFile = _directory.WritePrivate("server.key", key);
        options.Rotation = options.Rotation with { TrustSoak = TimeSpan.Zero, Waves = "100%", MaxInFlight = 1_000, CanarySoak = TimeSpan.Zero, WaveSoak = TimeSpan.Zero, DropSoak = TimeSpan.Zero };
        change?.Invoke(options, _directory);
        ServerSettings settings = ServerSettings.From(options);
        using LoggerFactory loggers = new([Log]);
        ILogger logger = loggers.CreateLogger("server");

        _keyring = new Keyring(Store, TrustDomain);
        RootFitness fitness = new(_keyring, settings.Leaves, TimeSpan.Zero);
        Loop = await TrustDomainStartup.StartAsync(settings, Store, _keyring, fitness, time, loggers.CreateLogger<TrustDomainLoop>(), default);
        TokenDirectory tokens = new(Store, TrustDomain, time);
        await tokens.ReloadAsync(default);
        MeshRoots roots = new();
        await Loop.FollowTrustAsync(roots.Follow, default);
        Enrolments = new EnrolmentDirectory(Store, TrustDomain, roots.Withdraw);
        await Enrolments.ReloadAsync(default);
        ConfiguredAuthorities authorities = new(settings.ClientCertificates, time, logger);
        ClientCertificateAttestor certificates = new(settings.TrustDomain, roots, Enrolments, authorities, time, logger);
        Registrations = new RegistrationDirectory(Store, settings.TrustDomain, settings.Leaves, settings.RegistrationsRequired);
        JwtAuthenticator jwts = new(settings.JwtIssuers, time, logger);
        await jwts.StartAsync(default);
        ProcessWatch processes = new(Loop.Post, time);
        WorkloadAuthenticator authenticator = new(
            settings.TrustDomain, settings.UnixPeers, tokens, jwts, certificates, Registrations, processes, new UnregisteredLog(time, logger), dev: false, settings.ServingNames);
        XdsServices xds = new(
            Loop.Port, settings.Names, authenticator.AuthenticateAsync, () => Loop.Bundle, new XdsLimits(), "sds-test/1", time, loggers.CreateLogger<DiscoveryServer>());
        OwnServingCertificate? own = settings.ServingNames is { } names
            ? await OwnServingCertificate.StartAsync(new ServingSigner(_keyring, settings.Leaves, names, settings.LeafKeys), Loop, settings.Fleet.RenewAt, time, logger, default)
            : null;
        IServingCertificate serving = own ?? (IServingCertificate)new ServingCertificate(settings.CertificateFile!, settings.KeyFile!, time, logger);
        AnchorsFile? anchors = settings.AnchorsFile is { } file ? new AnchorsFile(file, time, logger) : null;
        if (anchors is not null)
        {
            await Loop.FollowTrustAsync(anchors.Follow, default);
            anchors.Write();
        }

        ClientAuthorities? operatorAuthorities = settings.AdminClientCaFile.Length > 0
            ? new ClientAuthorities(settings.AdminClientCaFile, settings.AdminClientCrlFiles, "SdsServer:Admin:ClientCaFile", time, logger)
            : null;
        AdminOptions operators = new()
        {
            TrustDomain = settings.TrustDomain,
            Rotation = settings.Rotation,
            Fleet = settings.Fleet,
            ClientWarnings = () => [.. authorities.Faults, .. operatorAuthorities?.Faults ?? []],
            ServingUntil = own is null ? null : () => own.NotAfter,
        };
        AdminServices admin = new(
            Loop, Store, _keyring, fitness, new BuiltInRoot(Store), operators, CertificateOperators.Of, tokens, Registrations, Enrolments, settings.Enrolment, time, loggers.CreateLogger<AdminServices>());
        CertificateOperators remote = new(
            settings.OperatorRules,
            operatorAuthorities,
            settings.AdminTrustsMesh ? new SvidAttestor(settings.TrustDomain, roots, Enrolments) : null,
            roots,
            time,
            logger);
        _parts.AddRange([tokens, jwts, Registrations, Enrolments, admin]);
        _reading = Task.WhenAll(
            authorities.RunAsync(_stop.Token), remote.RunAsync(_stop.Token), own?.RunAsync(_stop.Token) ?? Task.CompletedTask, anchors?.RunAsync(_stop.Token) ?? Task.CompletedTask,
            jwts.RunAsync(_stop.Token), processes.RunAsync(_stop.Token));

        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseGrpcTransport()
            .UseListeners(settings, serving, new ConnectionGate(settings.Connections, time, logger), settings.AdminTcp is null ? null : new AdminTls(serving, remote, new ConnectionGate(settings.Connections, time, logger), time));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Limit);
        builder.Logging.AddProvider(Log).SetMinimumLevel(LogLevel.Trace);
        _app = builder.Build();
        _app.UseWhen(http => Listeners.RoleOf(http) == ListenerRole.Xds, branch => branch.UseGrpc(routes =>
        {
            xds.MapDiscovery(routes);
            admin.MapEnrolment(routes);
        }));
        _app.UseWhen(http => Listeners.RoleOf(http) == ListenerRole.Admin, branch => branch.UseGrpc(routes =>
        {
            admin.Map(routes);
            xds.MapClientStatus(routes, admin.Require);
            routes.MapReflection();
        }));
        await _app.StartAsync();
        int[] ports = [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Where(address => !address.Contains("unix:", StringComparison.Ordinal)).Select(address => new Uri(address).Port)];
        (XdsPort, AdminPort) = (ports[0], ports[^1]);
        Admin = GrpcChannel.ForAddress($"unix://{settings.AdminSocket}");
    }
}
