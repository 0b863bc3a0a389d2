using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>A real server and two workloads that call each other through real Envoys, each as client and as server.</summary>
internal sealed class ServiceMesh : IAsyncDisposable
{
    private readonly List<Direction> _directions = [];
    private EchoApp? _app;

    private ServiceMesh(MeshOptions options) => Options = options;

    public MeshOptions Options { get; }

    public ServerProcess Server { get; private set; } = null!;

    public IReadOnlyList<Direction> Directions => _directions;

    public IEnumerable<Proxy> Proxies => _directions.SelectMany(direction => (Proxy[])[direction.Client, direction.Server]);

    public static async Task<ServiceMesh> StartAsync(MeshOptions options)
    {
        ServiceMesh mesh = new(options);
        try
        {
            await mesh.StartAsync();
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Direction direction in _directions)
        {
            await direction.DisposeAsync();
        }

        await (_app?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task StartAsync()
    {
        _app = await EchoApp.StartAsync();
        Server = await ServerProcess.StartAsync(["Dev=true", "Fleet:ReconnectWindow=00:00:30"]);
        _directions.Add(new Direction { From = Workloads.One, To = Workloads.Two });
        _directions.Add(new Direction { From = Workloads.Two, To = Workloads.One });
        await Task.WhenAll(_directions.Select(direction => direction.StartAsync(Options, Server, _ => null, _app)));
    }
}
