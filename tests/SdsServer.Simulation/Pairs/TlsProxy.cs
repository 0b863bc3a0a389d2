using SdsServer.Cli.Demo;
using SdsServer.Core.Fleet;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Xds;

namespace SdsServer.Simulation.Pairs;

/// <summary>A proxy process that really speaks TLS with what it has taken from its own two streams.</summary>
internal sealed class TlsProxy(PairWorld world, string label, string workload, bool delta)
{
    private readonly Sidecar _sidecar = new(label, $"spiffe://mesh/{workload}", delta, new VirtualClock(world.Time));
    private readonly List<Action> _later = [];
    private List<SecretStream> _streams = [];
    private long _connection;
    private Lag _lag;
    private string _lagsIn = "";

    public string Label => label;

    public string SpiffeId => _sidecar.SpiffeId;

    /// <summary>What it presents and enforces; null until it has both.</summary>
    public TlsIdentity? Identity => _sidecar.Identity;

    /// <summary>Opens its streams, reporting what it holds.</summary>
    public TlsProxy Connect()
    {
        _connection = world.NextConnection();
        _streams = [Stream(Sidecar.BundleName), Stream(Sidecar.LeafName)];
        _streams.ForEach(Open);
        return this;
    }

    /// <summary>The server ends a stream; it opens it anew on the connection that it has.</summary>
    public void Displace(SecretStream ended)
    {
        int place = _streams.IndexOf(ended);
        if (place >= 0 && ended.IsOpen)
        {
            Close(ended);
            _streams[place] = Stream(ended.Name);
            world.Soon(() =>
            {
                if (_streams[place].IsOpen)
                {
                    Open(_streams[place]);
                }
            });
        }
    }

    /// <summary>The server is gone, and with it all that was on the way.</summary>
    public void Lose() => _streams.ForEach(stream => stream.IsOpen = false);

    /// <summary>It connects to the server that is there again.</summary>
    public void Return()
    {
        if (_lag != Lag.Away)
        {
            Connect();
        }
    }

    /// <summary>From now on it is a step behind in this secret.</summary>
    public void Begin(Lag lag, string secret)
    {
        (_lag, _lagsIn) = (lag, secret);
        if (lag == Lag.Refuses)
        {
            _sidecar.Refuse(secret);
        }
        else if (lag == Lag.Away)
        {
            _streams.ForEach(Close);
            world.Server.Post(new ConnectionClosed(_connection));
        }
    }

    /// <summary>It catches up.</summary>
    public void End()
    {
        Lag was = _lag;
        (_lag, _lagsIn) = (Lag.None, "");
        _sidecar.Resume();
        _later.ForEach(action => action());
        _later.Clear();
        if (was == Lag.Away)
        {
            Connect();
        }
    }

    public void Take(SecretStream stream, Received received)
    {
        if (!stream.IsOpen)
        {
            return;
        }

        if (_lag == Lag.Stuck && _lagsIn == stream.Name)
        {
            _later.Add(() => Take(stream, received));
            return;
        }

        string? error = _sidecar.Apply(received.Secret, received.Version);
        if (_lag == Lag.Unheard && _lagsIn == stream.Name)
        {
            _later.Add(Answer);
            return;
        }

        world.Soon(Answer);

        void Answer()
        {
            if (stream.IsOpen)
            {
                world.Carry(this, stream, stream.Answer(received, _sidecar.VersionOf(stream.Name), error, world.Time.Now.Utc));
            }
        }
    }

    public override string ToString() => $"{label} ({(Identity is { } identity ? identity.ToString() : "no identity yet")}{(_lag == Lag.None ? "" : $", {_lag} in {_lagsIn}")})";

    private void Open(SecretStream stream) => world.Carry(this, stream, stream.Open(_sidecar.VersionOf(stream.Name), world.Time.Now.Utc));

    private void Close(SecretStream stream)
    {
        stream.IsOpen = false;
        stream.Close().ToList().ForEach(world.Server.Post);
    }

    private SecretStream Stream(string name)
    {
        // Twins share all of it: nothing but the connection tells them apart.
        InstanceKey key = new(SpiffeId, workload, $"user:{workload}");
        Node node = new() { Id = workload, Cluster = "mesh", UserAgentName = "envoy", UserAgentVersion = "1.40.0" };
        StreamClient client = new(_connection, key, new Workload(SpiffeId, [], BundleOnly: false), NodeIdentity.From(node, world.Streams.Limits));
        return delta ? new DeltaSecretStream(name, node, world.Streams, client) : new SotwSecretStream(name, node, world.Streams, client);
    }
}
