using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SdsServer.Grpc.Server;

namespace SdsServer.Cli.Tests.Fakes;

/// <summary>A real gRPC server on a Unix socket in a folder of its own.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sdsctl");

    private FakeServer(Action<GrpcRoutes> map)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseGrpcTransport().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(SocketPath, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.UseGrpc(map);
    }

    public string Folder => _folder.FullName;

    public string SocketPath => Path.Combine(Folder, "s.sock");

    public string Address => $"unix://{SocketPath}";

    public static async Task<FakeServer> StartAsync(Action<GrpcRoutes> map)
    {
        FakeServer server = new(map);
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
