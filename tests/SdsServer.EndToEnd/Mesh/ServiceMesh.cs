using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>A real server and two workloads that call each other through real Envoys, each as client and as server.</summary>
internal sealed class ServiceMesh : IAsyncDisposable
{
    private readonly List<Direction> _directions = [];
    private readonly Dictionary<string, string> _tokens = [];
    private EchoApp? _app;

    private ServiceMesh(MeshOptions options) => Options = options;

    public MeshOptions Options { get; }

    public ServerProcess Server { get; private set; } = null!;

    public Operator Operator { get; private set; } = null!;

    public IReadOnlyList<Direction> Directions => _directions;

    /// <summary>Where the application behind every server sidecar listens.</summary>
    public int AppPort => _app!.Port;

    /// <summary>The sidecars that carry the traffic.</summary>
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

    /// <summary>A bearer token for a workload; the same one each time.</summary>
    public async Task<string> TokenAsync(string workload)
    {
        if (!_tokens.TryGetValue(workload, out string? token))
        {
            _tokens[workload] = token = await Operator.CreateTokenAsync(Workloads.SpiffeId(workload));
        }

        return token;
    }

    /// <summary>Two more workloads, one calls the other. Their traffic is not in <see cref="Directions"/>: the story counts it, and disposes of it.</summary>
    public async Task<Direction> StartDirectionAsync(string from, string to)
    {
        await TokenAsync(from);
        await TokenAsync(to);
        Direction direction = new() { From = from, To = to };
        await direction.StartAsync(Options, Server, workload => _tokens[workload], _app!);
        return direction;
    }

    /// <summary>The authority that signs.</summary>
    public async Task<Authority> SignerAsync()
    {
        string signer = (await Operator.TrustDomainAsync()).Signer;
        return (await Operator.AuthoritiesAsync()).Single(authority => authority.Name == signer);
    }

    /// <summary>kill -9 and a new process on the same data.</summary>
    public async Task CrashServerAsync()
    {
        await Server.KillAsync();
        await StartServerAgainAsync();
    }

    public async Task StartServerAgainAsync()
    {
        await Server.StartAgainAsync();
        Operator.Dispose();
        Operator = new Operator(Server.AdminSocket);
    }

    /// <summary>
    /// The operator's word that processes with this node id which are not connected any more have ended. Not needed where the
    /// server has seen their end itself, on its Unix socket.
    /// </summary>
    public Task RetireGoneAsync(string nodeId, int staying) => Condition.AwaitAsync($"{nodeId} to be {staying} instances", TimeSpan.FromSeconds(60), async _ =>
    {
        IReadOnlyList<Instance> instances = await Operator.InstancesAsync(nodeId);
        foreach (Instance gone in instances.Where(instance => !instance.Connected && Options.Transport is SdsTransport.Tls))
        {
            await Operator.RetireAsync(gone.Name);
        }

        return instances.Count == staying;
    }, () => Server.Log);

    /// <summary>The operator's word that the processes with this node id have ended, as soon as none is connected.</summary>
    public Task RetireAsync(string nodeId) => Condition.AwaitAsync($"{nodeId} to be gone", TimeSpan.FromSeconds(60), async _ =>
    {
        IReadOnlyList<Instance> instances = await Operator.InstancesAsync(nodeId);
        foreach (Instance gone in instances.Where(instance => !instance.Connected))
        {
            await Operator.RetireAsync(gone.Name);
        }

        return instances.Count == 0;
    }, () => Server.Log);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_directions.Select(direction => direction.DisposeAsync().AsTask()));
        await (_app?.DisposeAsync() ?? ValueTask.CompletedTask);
        Operator?.Dispose();
        await (Server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task StartAsync()
    {
        _app = await EchoApp.StartAsync();

        // What is shortened here rests on no assumption about Envoy; the reconnect window does, and stays.
        List<string> settings =
        [
            "Fleet:ReconnectWindow=00:00:30", "Fleet:ReconnectSpread=00:00:02", "Fleet:NackBackoff=00:00:01", "Fleet:MaxNackBackoff=00:00:04",
            "Fleet:SuccessionWindow=00:00:45", "Rotation:TrustSoak=00:00:01", "Rotation:DropSoak=00:00:01",
        ];
        if (Options.Uid is { } uid)
        {
            settings.AddRange([$"UnixPeers:0:Uid={uid}", $"UnixPeers:0:SpiffeId={Workloads.SpiffeId(Workloads.One)}"]);
        }

        Server = await ServerProcess.StartAsync(settings, Options.OwnServing is not null);
        Operator = new Operator(Server.AdminSocket);
        await (Options.Prepare?.Invoke(Operator) ?? Task.CompletedTask);
        await TokenAsync(Workloads.One);
        await TokenAsync(Workloads.Two);
        string? Token(string workload) => workload == Workloads.One && Options.Uid is not null ? null : _tokens[workload];
        _directions.Add(new Direction { From = Workloads.One, To = Workloads.Two });
        _directions.Add(new Direction { From = Workloads.Two, To = Workloads.One });
        await Task.WhenAll(_directions.Select(direction => direction.StartAsync(Options, Server, Token, _app)));
    }
}
