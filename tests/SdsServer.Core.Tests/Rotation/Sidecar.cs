using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>A scripted proxy process: opens the streams that a test wants, on the connection that a test wants.</summary>
internal sealed class Sidecar(EngineWorld world, InstanceKey key, Workload workload)
{
    private (long Connection, string? Root) _handshake;

    public InstanceKey Key { get; } = key;

    /// <summary>What streams opened from now on are taken for.</summary>
    public Workload Workload { get; set; } = workload;

    public long Connection { get; private set; } = world.NextConnection();

    public List<ScriptedStream> Streams { get; } = [];

    /// <summary>Whether streams opened from now on answer by themselves.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>What it says of itself; null: nothing.</summary>
    public ProxyTraits? Traits { get; init; }

    /// <summary>Roots that it says its bootstrap has as anchors for the server.</summary>
    public ImmutableArray<string> Anchors { get; set; } = [];

    /// <summary>It hears when the server ends a stream.</summary>
    public bool Obeys { get; set; } = true;

    /// <summary>The one stream for all (ADS); null: each secret has its own.</summary>
    public long? SharedStream { get; init; }

    /// <summary>Where its Envoy's admin answers; null: nowhere.</summary>
    public Uri? Admin { get; init; }

    /// <summary>The bundle stream opened first on this connection.</summary>
    public ScriptedStream Bundle { get; private set; } = null!;

    /// <summary>The leaf stream opened first on this connection.</summary>
    public ScriptedStream Leaf { get; private set; } = null!;

    /// <summary>Instances of this key as the engine sees them, in the order of their leaves.</summary>
    public IReadOnlyList<InstanceView> Instances => [.. world.Engine.Instances().Where(view => view.Key == Key)];

    /// <summary>Whether everything it may present comes from this authority.</summary>
    public bool IsOn(string authority) => Instance.Outstanding is { Length: > 0 } leaves && leaves.All(row => row.AuthorityId == authority);

    public InstanceView Instance => Assert.Single(Instances);

    public ScriptedStream Open(SecretKind kind, string? reports = null, bool joint = false, string? name = null)
    {
        if (_handshake.Connection != Connection)
        {
            _handshake = (Connection, ServedUnder ?? (Key.IsRemote && world.State.Serving is { } serving ? world.State.RootOf(serving.AuthorityId).Id : null));
        }

        ScriptedStream stream = new(world, world.NextSubscription(), Connection, kind, name ?? kind.ToString()) { Answers = Answers };
        Streams.Add(stream);
        world.Server.Open(
            new SubscriptionOpened(stream.Id, Connection, Key, Workload, kind, name ?? kind.ToString(), reports, "1.40.0") { Traits = Traits, Admin = Admin, IsVersionJoint = joint, Anchors = Anchors, ServedUnder = _handshake.Root, Stream = SharedStream },
            new SubscriptionPort(stream.Take, () => End(stream)));
        return stream;
    }

    // An Envoy opens anew what the server ends, on the connection that it has, and says what it holds.
    private void End(ScriptedStream stream)
    {
        stream.Ended++;
        long connection = Connection;
        world.Time.After(TimeSpan.Zero, () =>
        {
            if (Obeys && stream.IsOpen)
            {
                stream.Close();
                world.Time.After(TimeSpan.FromSeconds(1), () => Reopen(stream, connection));
            }
        });
    }

    private void Reopen(ScriptedStream ended, long connection)
    {
        if (Connection != connection)
        {
            return;
        }

        ScriptedStream anew = Open(ended.Kind, ended.Accepted, name: ended.Name);
        anew.Answers = ended.Answers;
        Bundle = Bundle == ended ? anew : Bundle;
        Leaf = Leaf == ended ? anew : Leaf;
    }

    /// <summary>A new process: bundle, then leaf, then time for both to be answered.</summary>
    public Sidecar Start(int bundles = 1)
    {
        Bundle = Open(SecretKind.Bundle);
        for (int more = 1; more < bundles; more++)
        {
            Open(SecretKind.Bundle, name: string.Create(CultureInfo.InvariantCulture, $"Bundle{more}"));
        }

        if (!Workload.BundleOnly)
        {
            Leaf = Open(SecretKind.Leaf);
        }

        world.Pass(1);
        return this;
    }

    /// <summary>The connection ends.</summary>
    public void Disconnect()
    {
        foreach (ScriptedStream stream in Streams.Where(stream => stream.IsOpen))
        {
            stream.Close();
        }

        world.Server.Post(new ConnectionClosed(Connection));
        Streams.Clear();
        Connection = world.NextConnection();
    }

    /// <summary>What its handshakes show it; null: the certificate that the state says, which the server may not have replaced yet.</summary>
    public string? ServedUnder { get; init; }

    /// <summary>Its connection takes no more streams, and keeps those it has: the next one opens another connection.</summary>
    public void Drain() => Connection = world.NextConnection();

    /// <summary>The same process comes back and says what it holds.</summary>
    public void Return(string? leaf, string? bundle)
    {
        Leaf = Open(SecretKind.Leaf, leaf);
        Bundle = Open(SecretKind.Bundle, bundle);
    }
}
