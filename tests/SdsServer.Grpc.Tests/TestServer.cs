using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SdsServer.Grpc.Authority;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Health;
using SdsServer.Grpc.Server;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Testing;

namespace SdsServer.Grpc.Tests;

/// <summary>A real Kestrel with the interop service, health and reflection: on a free port, with TLS when given a certificate, and on a Unix socket.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("grpc");

    private TestServer(Action<GrpcServerOptions> options, Action<GrpcRoutes>? map, X509Certificate2? certificate, Action<ListenOptions>? listen)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseGrpcTransport().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http2;
                if (certificate is not null)
                {
                    endpoint.UseHttps(certificate);
                }

                (listen ?? (each => each.AcceptAnyAuthority()))(endpoint);
            });
            kestrel.ListenUnixSocket(SocketPath, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http2;
                (listen ?? (each => each.AcceptAnyAuthority()))(endpoint);
            });
        });
        builder.Services.Configure(options);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(180));
        builder.Logging.AddProvider(Log).SetMinimumLevel(LogLevel.Information);
        _app = builder.Build();
        _app.UseGrpc(routes =>
        {
            routes.MapService(InteropService.Descriptor, InteropService.Bind).MapHealth(Health).MapReflection();
            map?.Invoke(routes);
        });
    }

    public HealthService Health { get; } = new();

    public CapturedLog Log { get; } = new();

    public string SocketPath => Path.Combine(_folder.FullName, "grpc.sock");

    public IHostApplicationLifetime Lifetime => _app.Lifetime;

    public Uri Address { get; private set; } = null!;

    public static async Task<TestServer> StartAsync(
        Action<GrpcRoutes>? map = null, Action<GrpcServerOptions>? options = null, X509Certificate2? certificate = null, Action<ListenOptions>? listen = null)
    {
        TestServer server = new(options ?? (_ => { }), map, certificate, listen);
        await server._app.StartAsync();
        server.Address = new Uri(server._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>()
            .Addresses.First(address => address.StartsWith("http", StringComparison.Ordinal) && !address.Contains("unix:", StringComparison.Ordinal)));
        return server;
    }

    public GrpcChannel Channel(GrpcChannelOptions? options = null) => GrpcChannel.ForAddress(Address.ToString(), options);

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
