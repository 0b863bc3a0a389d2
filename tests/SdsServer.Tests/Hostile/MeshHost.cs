using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Hosting;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Xds;

namespace SdsServer.Tests.Hostile;

/// <summary>
/// A real trust domain behind real gRPC on a Unix socket: engine, signer, streams, limits. Only the disk is memory, callers say who they
/// are in a header, and the server's clocks stand until they are told.
/// </summary>
internal sealed class MeshHost : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TemporaryDirectory _directory = new("sdsserver-hostile");
    private readonly InMemoryTrustStore _store = new(new SimulatedDisk());
    private readonly ServerSettings _settings;
    private Keyring _keyring = null!;
    private WebApplication _app = null!;

    private MeshHost(ServerSettings settings) => _settings = settings;

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { IsMonotonic = true };

    public CapturedLog Log { get; } = new();

    public TrustDomainLoop Loop { get; private set; } = null!;

    public static string IdOf(string who) => $"spiffe://example.org/{who}";

    public static async Task<MeshHost> StartAsync(Func<FleetPolicy, FleetPolicy> fleet, TimeSpan leafLife)
    {
        ServerOptions options = new();
        options.Fleet = fleet(options.Fleet);
        options.Leaf.Lifetime = leafLife;
        MeshHost host = new(ServerSettings.From(options));
        await host.RunAsync();
        return host;
    }

    /// <summary>A connection of its own.</summary>
    public GrpcChannel Connect() => GrpcChannel.ForAddress($"unix://{_directory.PathOf("sds.sock")}", new GrpcChannelOptions { SingleConnection = true });

    public Task<T> ReadAsync<T>(Func<TrustDomainEngine, T> read) => Loop.ReadAsync(read, default).WaitAsync(Patience);

    /// <summary>Begins to move the fleet to a new root.</summary>
    public async Task RotateAsync(RotationPolicy policy)
    {
        TrustState state = await ReadAsync(engine => engine.State);
        (Authority authority, TrustRoot root) = await new BuiltInRoot(_store).CreateAsync("root-two", new AuthorityProfile(_settings.TrustDomain), "test", state.Term, Time.GetUtcNow(), default);
        await _keyring.OpenAsync(authority, default);
        await Loop.OrderAsync(id => new AddAuthority { Id = id, Actor = "test", Authority = authority, Root = root }, default);
        CommandOutcome outcome = await Loop.OrderAsync(
            id => new StartRotation { Id = id, Actor = "test", RequestId = "r1", RotationId = "r1", To = authority.Id, Policy = policy }, default);
        Assert.Equal(CommandStatus.Done, outcome.Status);
    }

    /// <summary>Lets the server's time pass, and what is under way come to its end.</summary>
    public async Task PassAsync(TimeSpan span)
    {
        Time.Advance(span);
        Loop.Post(new ClockTicked());
        await UntilAsync("no leaf to be under way", async () => await ReadAsync(engine => engine.LeavesUnderWay) == 0);
    }

    /// <summary>Asks again and again, as fast as the answers come.</summary>
    public async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        using CancellationTokenSource patience = new(Patience);
        while (!await condition())
        {
            if (patience.IsCancellationRequested)
            {
                List<InstanceView> seen = await ReadAsync(engine => engine.Instances().ToList());
                throw new TimeoutException($"waited {Patience} for {what}, at {Time.GetUtcNow():HH:mm:ss.fff}:\n{string.Join('\n', seen.Select(Shown))}\n{string.Join("\n", Log.Lines.TakeLast(30))}");
            }

            await Task.Yield();
        }
    }

    private static string Shown(InstanceView view) =>
        $"{view}: {string.Join(", ", view.Outstanding.Select(leaf => $"{leaf.Serial} {leaf.State} {leaf.NotAfter:HH:mm:ss}"))}; secrets {string.Join(' ', view.Secrets)}";

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Loop.DisposeAsync();
        _keyring.Dispose();
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    private async Task RunAsync()
    {
        using LoggerFactory loggers = new([Log]);
        _keyring = new Keyring(_store, _settings.TrustDomain.Name);
        RootFitness fitness = new(_keyring, _settings.Leaves, TimeSpan.Zero);
        Loop = await TrustDomainStartup.StartAsync(_settings, _store, _keyring, fitness, Time, loggers.CreateLogger<TrustDomainLoop>(), default);
        XdsServices xds = new(
            Loop.Port, _settings.Names, AuthenticateAsync, () => Loop.Bundle, _settings.Streams, "sds-test/1", Time, loggers.CreateLogger<DiscoveryServer>());
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseGrpcTransport().ConfigureKestrel(kestrel =>
            kestrel.ListenUnixSocket(_directory.PathOf("sds.sock"), endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Logging.AddProvider(Log).SetMinimumLevel(LogLevel.Warning);
        _app = builder.Build();
        _app.UseGrpc(routes => xds.MapDiscovery(routes));
        await _app.StartAsync();
    }

    private static ValueTask<Caller> AuthenticateAsync(ServerCallContext call, SdsServer.Protos.Envoy.Core.V3.Node node) =>
        ValueTask.FromResult(new Caller(new Workload(IdOf(call.RequestHeaders.GetValue("who")!), [], BundleOnly: false), "ip:192.0.2.1"));
}
