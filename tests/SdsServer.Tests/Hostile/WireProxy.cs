using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Tests.Hostile;

/// <summary>A process with a connection of its own and a stream for the bundle and one for the leaf; by default it takes what it is sent.</summary>
internal sealed class WireProxy : IAsyncDisposable
{
    private readonly MeshHost _host;
    private readonly bool _isDelta;
    private readonly GrpcChannel _channel;
    private readonly Lock _lock = new();
    private readonly List<(string Serial, DateTimeOffset At)> _leaves = [];
    private readonly List<DiscoveryResponse> _waiting = [];
    private readonly List<WireStream> _invented = [];
    private bool _holdsBundles;

    public WireProxy(MeshHost host, string who, string? node = null, bool isDelta = false)
    {
        (_host, _isDelta, Who, Node) = (host, isDelta, who, node ?? who);
        _channel = host.Connect();
        OnBundle = AckUnlessHeld;
        OnLeaf = static (stream, response) => [WireStream.Ack(stream, response)];
    }

    /// <summary>Last segment of its SPIFFE ID.</summary>
    public string Who { get; }

    public string Node { get; }

    public string SpiffeId => MeshHost.IdOf(Who);

    /// <summary>What it says to a bundle.</summary>
    public Func<WireStream, DiscoveryResponse, IEnumerable<DiscoveryRequest>> OnBundle { get; set; }

    /// <summary>What it says to a leaf.</summary>
    public Func<WireStream, DiscoveryResponse, IEnumerable<DiscoveryRequest>> OnLeaf { get; set; }

    public WireStream? Bundle { get; private set; }

    public WireStream? Leaf { get; private set; }

    /// <summary>Serials of the leaves that came, and the server's time when they did.</summary>
    public (string Serial, DateTimeOffset At)[] Leaves
    {
        get
        {
            lock (_lock)
            {
                return [.. _leaves];
            }
        }
    }

    public void OpenBundle(string reported = "") =>
        Bundle = new WireStream(_channel, _isDelta, Who, Node, "ROOTCA", reported, (stream, response) =>
    {
        BundleVersion = response.VersionInfo;
        return OnBundle(stream, response);
    });

    public void OpenLeaf(string reported = "") => Leaf = new WireStream(_channel, _isDelta, Who, Node, "default", reported, (stream, response) =>
    {
        lock (_lock)
        {
            _leaves.Add((SecretVersion.LeafSerial(response.VersionInfo)!, _host.Time.GetUtcNow()));
        }

        return OnLeaf(stream, response);
    });

    public WireProxy Start()
    {
        OpenBundle();
        OpenLeaf();
        return this;
    }

    /// <summary>
    /// It counts, and asks for a leaf. The server's time stands meanwhile: a stream that has said nothing is ended when that passes.
    /// </summary>
    public Task CountedAsync() => _host.UntilAsync($"{Who} at {Node} to count", async () => await ViewAsync() is { Member: true, LeafSubscriptions: > 0 });

    /// <summary>It has its leaf. The server's time passes as the budget asks for, not while the proxy answers.</summary>
    public async Task JoinedAsync()
    {
        await CountedAsync();
        await _host.UntilAsync($"{Who} at {Node} to be issued a leaf", async () =>
        {
            bool issued = await ViewAsync() is not { Outstanding: [] };
            await _host.PassAsync(issued ? TimeSpan.Zero : TimeSpan.FromMilliseconds(50));
            return issued;
        });
        await _host.UntilAsync($"{Who} at {Node} to take its leaf", async () => await ViewAsync() is { Outstanding: [.., { State: LeafState.Acked }] });
    }

    /// <summary>The version of the bundle that it was sent last.</summary>
    public string BundleVersion { get; private set; } = "";

    /// <summary>Bundles wait for <see cref="ReleaseAsync"/>.</summary>
    public bool Holds
    {
        get
        {
            lock (_lock)
            {
                return _holdsBundles;
            }
        }
    }

    /// <summary>It takes its time over bundles until <see cref="ReleaseAsync"/>.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            _holdsBundles = true;
        }
    }

    /// <summary>It takes the newest bundle that waits.</summary>
    public async Task ReleaseAsync()
    {
        DiscoveryResponse? newest;
        lock (_lock)
        {
            _holdsBundles = false;
            newest = _waiting.LastOrDefault();
        }

        if (newest is not null)
        {
            await Bundle!.SendAsync(WireStream.Ack(Bundle, newest));
        }
    }

    /// <summary>Two more streams on its connection, of a process under a node id that nobody has, which takes what it is sent.</summary>
    public void Invent()
    {
        string node = $"node-{Guid.NewGuid():N}";
        _invented.Add(new WireStream(_channel, _isDelta, Who, node, "ROOTCA", "", static (stream, response) => [WireStream.Ack(stream, response)]));
        _invented.Add(new WireStream(_channel, _isDelta, Who, node, "default", "", static (stream, response) => [WireStream.Ack(stream, response)]));
    }

    public async Task CloseLeafAsync() => await (Leaf?.DisposeAsync() ?? ValueTask.CompletedTask);

    public async ValueTask DisposeAsync()
    {
        foreach (WireStream stream in _invented)
        {
            await stream.DisposeAsync();
        }

        await CloseLeafAsync();
        await (Bundle?.DisposeAsync() ?? ValueTask.CompletedTask);
        _channel.Dispose();
    }

    private Task<InstanceView?> ViewAsync() =>
        _host.ReadAsync(engine => engine.Instances().SingleOrDefault(view => view.Key is { SpiffeId: var id, NodeId: var node } && id == SpiffeId && node == Node));

    private DiscoveryRequest[] AckUnlessHeld(WireStream stream, DiscoveryResponse response)
    {
        lock (_lock)
        {
            if (_holdsBundles)
            {
                _waiting.Add(response);
                return [];
            }
        }

        return [WireStream.Ack(stream, response)];
    }
}
