using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SdsServer.Admin;
using SdsServer.Admin.Operators;
using SdsServer.Core.Authorities;
using SdsServer.Core.Rotation;
using SdsServer.Enrolment;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Hosting;
using SdsServer.Identity;
using SdsServer.Identity.Registrations;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Tests.Admin;

/// <summary>The admin API on a real Unix socket over a real trust domain; only the proxies are played, and the disk is memory.</summary>
internal sealed class AdminHost : IAsyncDisposable
{
    public const string Domain = "trustDomains/example.org";

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new("sdsserver-admin");
    private readonly Keyring _keyring;
    private readonly AdminServices _services;
    private readonly WebApplication _app;

    private AdminHost(TrustDomainLoop loop, InMemoryTrustStore store, Keyring keyring, RootFitness fitness, ServerSettings settings, CapturedLog log, TimeProvider time, string logWarning)
    {
        (Loop, Store, Log, _keyring) = (loop, store, log, keyring);
        Tokens = new TokenDirectory(store, "example.org", TimeProvider.System);
        Registrations = new RegistrationDirectory(store, settings.TrustDomain, settings.Leaves, settings.RegistrationsRequired);
        Enrolments = new EnrolmentDirectory(store, "example.org", _ => { });
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseGrpcTransport().ConfigureKestrel(kestrel =>
            kestrel.ListenUnixSocket(Socket, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Limit);
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Trace);
        _app = builder.Build();
        AdminOptions options = new()
        {
            TrustDomain = settings.TrustDomain,
            Rotation = settings.Rotation,
            Fleet = settings.Fleet,
            RootKeys = settings.RootKeys,
            RootLifetime = settings.RootLifetime,
            IntermediateLifetime = settings.IntermediateLifetime,
            MinLeafLifetime = settings.Leaves.Minimum,
            HasWebhook = settings.RotationWebhook is not null,
            LogWarning = logWarning,
        };
        _services = new AdminServices(
            loop, store, keyring, fitness, new BuiltInRoot(store), options, CertificateOperators.Of, Tokens, Registrations, Enrolments, settings.Enrolment, time,
            _app.Services.GetRequiredService<ILogger<AdminServices>>());
        _app.UseGrpc(routes =>
        {
            _services.Map(routes);
            routes.MapReflection();
        });
        Channel = GrpcChannel.ForAddress($"unix://{Socket}");
    }

    public TrustDomainLoop Loop { get; }

    /// <summary>Starts rotations as an operator's call does.</summary>
    public RotationStart Rotations => _services.Rotations;

    public InMemoryTrustStore Store { get; }

    public required SimulatedDisk Disk { get; init; }

    public TokenDirectory Tokens { get; }

    public RegistrationDirectory Registrations { get; }

    public EnrolmentDirectory Enrolments { get; }

    public CapturedLog Log { get; }

    public GrpcChannel Channel { get; }

    public string Socket => Path.Combine(_directory.Path, "admin.sock");

    /// <param name="change">Changes settings; by default waits are as short as they can be.</param>
    /// <param name="expectedPlanTime">What gate G0 wants a root to outlive beside three leaves.</param>
    /// <param name="time">The server's clock; null: the machine's.</param>
    /// <param name="disk">What an earlier server has stored; null: nothing.</param>
    public static async Task<AdminHost> StartAsync(Action<ServerOptions>? change = null, TimeSpan? expectedPlanTime = null, TimeProvider? time = null, SimulatedDisk? disk = null)
    {
        ServerOptions options = new();
        options.Fleet = options.Fleet with
        {
            ReconnectWindow = TimeSpan.FromMilliseconds(50),
            ReconnectSpread = TimeSpan.FromMilliseconds(1),
            NackBackoff = TimeSpan.FromMilliseconds(50),
        };
        options.Rotation = options.Rotation with { TrustSoak = TimeSpan.Zero, Waves = "100%", MaxInFlight = 1_000, CanarySoak = TimeSpan.Zero, WaveSoak = TimeSpan.Zero, DropSoak = TimeSpan.Zero };
        change?.Invoke(options);
        ServerSettings settings = ServerSettings.From(options);
        CapturedLog log = new();
        disk ??= new SimulatedDisk();
        time ??= TimeProvider.System;
        using LoggerFactory loggers = new([log]);
        InMemoryTrustStore store = new(disk);
        string logWarning = await LogCheck.RunAsync(store, "example.org", loggers.CreateLogger("start"), default);
        Keyring keyring = new(store, "example.org");
        RootFitness fitness = new(keyring, settings.Leaves, expectedPlanTime ?? TimeSpan.Zero);
        TrustDomainLoop loop = await TrustDomainStartup.StartAsync(
            settings, store, keyring, fitness, time, loggers.CreateLogger<TrustDomainLoop>(), default);
        AdminHost host = new(loop, store, keyring, fitness, settings, log, time, logWarning) { Disk = disk };
        await host._app.StartAsync();
        return host;
    }

    public Task<TResponse> CallAsync<TRequest, TResponse>(ServiceDescriptor service, string method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Channel.UnaryAsync(new GrpcMethod<TRequest, TResponse>(service, method), request, new CallOptions(Timeout: Limit));

    public Task<ClientCall<TRequest, TResponse>> WatchAsync<TRequest, TResponse>(ServiceDescriptor service, string method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Channel.ServerStreamingAsync(new GrpcMethod<TRequest, TResponse>(service, method), request, new CallOptions(Timeout: Limit));

    public Task<TrustDomain> TrustAsync() =>
        CallAsync<GetTrustDomainRequest, TrustDomain>(TrustDomainService.Descriptor, "GetTrustDomain", new GetTrustDomainRequest { Name = Domain });

    public async Task<long> RevisionAsync() => (await TrustAsync()).Revision;

    public Task<TrustState> StateAsync() => Loop.ReadAsync(engine => engine.State, default);

    /// <summary>Connected proxies that have a leaf and count.</summary>
    public async Task<ScriptedProxy[]> EnrolAsync(int count)
    {
        ScriptedProxy[] fleet = [.. Enumerable.Range(0, count).Select(number => new ScriptedProxy(Loop, $"svc-{number:d2}"))];
        await UntilAsync("every proxy to have a leaf", () => fleet.All(proxy => proxy.Leaf is not null));
        return fleet;
    }

    public static Task UntilAsync(string what, Func<bool> condition) => Condition.AwaitAsync(what, Limit, _ => Task.FromResult(condition()));

    public static Task UntilAsync(string what, Func<Task<bool>> condition) => Condition.AwaitAsync(what, Limit, _ => condition());

    /// <summary>The next use of this key reads it from the store.</summary>
    public void Forget(string authorityId) => _keyring.Forget(authorityId);

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.DisposeAsync();
        _services.Dispose();
        Registrations.Dispose();
        await Loop.DisposeAsync();
        _keyring.Dispose();
        await Store.DisposeAsync();
        _directory.Dispose();
    }
}
