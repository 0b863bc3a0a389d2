using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SdsServer.Core.Secrets;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Limits;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Testing;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>The xDS services on a real Kestrel, on a Unix socket and on a free port, with a scripted owner behind them.</summary>
internal sealed class XdsTestServer : IAsyncDisposable
{
    /// <summary>How long a test waits for what must come. Long: the machine may be busy.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xds");
    private int _served;

    private XdsTestServer(XdsLimits limits, AuthenticateCaller authenticate, TimeProvider time, ConnectionLimits connections)
    {
        Gate = new ConnectionGate(connections, time, Log);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        EndPoint[] endpoints = [new IPEndPoint(IPAddress.Loopback, 0), new UnixDomainSocketEndPoint(SocketPath)];
        builder.WebHost.UseKestrelCore().UseGrpcTransport().ConfigureKestrel(kestrel => Array.ForEach(endpoints, endpoint => kestrel.Listen(endpoint, Serve)));
        GatedTransport.Add(builder.Services, Gate, endpoints);
        builder.Services.AddSingleton(time);
        builder.Logging.AddProvider(Log).SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning);
        _app = builder.Build();
        Xds = new XdsServices(
            Fleet.Port, TestSecrets.Names, authenticate, () => Bundle, limits, "sds-test/1", time,
            _app.Services.GetRequiredService<ILogger<DiscoveryServer>>());
        _app.UseGrpc(routes =>
        {
            Xds.MapDiscovery(routes);
            Xds.MapClientStatus(routes, _ => { });
        });
    }

    public ScriptedFleet Fleet { get; } = new();

    public ConnectionGate Gate { get; }

    /// <summary>Connections that Kestrel was given, ever.</summary>
    public int Served => Volatile.Read(ref _served);

    public XdsServices Xds { get; }

    public CapturedLog Log { get; } = new();

    /// <summary>What a unary call is answered with.</summary>
    public BundlePayload? Bundle { get; set; }

    public string SocketPath => Path.Combine(_folder.FullName, "sds.sock");

    public string Address { get; private set; } = "";

    public static ValueTask<Caller> AuthenticateAsync(ServerCallContext call, Node node) =>
        ValueTask.FromResult(new Caller(TestSecrets.Workload, "ip:192.0.2.1"));

    public static async Task<XdsTestServer> StartAsync(XdsLimits? limits = null, AuthenticateCaller? authenticate = null, TimeProvider? time = null, ConnectionLimits? connections = null)
    {
        XdsTestServer server = new(limits ?? new XdsLimits(), authenticate ?? AuthenticateAsync, time ?? TimeProvider.System, connections ?? new ConnectionLimits());
        await server._app.StartAsync();
        server.Address = server._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>()
            .Addresses.First(address => !address.Contains("unix:", StringComparison.Ordinal));
        return server;
    }

    /// <summary>A connection of its own.</summary>
    public GrpcChannel Connect(bool unix = true) => GrpcChannel.ForAddress(unix ? "unix://" + SocketPath : Address);

    private void Serve(ListenOptions endpoint)
    {
        endpoint.Protocols = HttpProtocols.Http2;
        endpoint.Use(next => connection =>
        {
            Interlocked.Increment(ref _served);
            return ConnectionGate.RunAsync(connection, next);
        });
        endpoint.Use(next => connection => Gate.WatchAsync(connection, next));
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
