using SdsServer.Cli.Demo.Envoys;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Demo;

/// <summary>What the demo is doing, for whoever draws it. Written by the story, read by the view.</summary>
internal sealed class DemoState(DemoFleet fleet, HandshakeLoad load, EnvoyPair? envoys, DateTimeOffset started)
{
    private volatile string _stage = "";
    private volatile string _newRoot = "";
    private volatile TrustDomain? _trust;
    private volatile Rotation? _rotation;

    public DemoFleet Fleet => fleet;

    public HandshakeLoad Load => load;

    /// <summary>Null without <c>--envoy</c>.</summary>
    public EnvoyPair? Envoys => envoys;

    public DateTimeOffset Started => started;

    public string Stage
    {
        get => _stage;
        set => _stage = value;
    }

    public TrustDomain? Trust
    {
        get => _trust;
        set
        {
            _trust = value;
            load.Phase = value is null ? "" : $"{value.Phase} {value.Goal}".Replace(" Unspecified", "", StringComparison.Ordinal);
        }
    }

    public Rotation? Rotation
    {
        get => _rotation;
        set => _rotation = value;
    }

    /// <summary>Key identifier of the root that is moved to.</summary>
    public string NewRoot
    {
        get => _newRoot;
        set => _newRoot = value;
    }

    public int LeavesOnNewRoot => _newRoot.Length == 0 ? 0 : fleet.LeavesFrom(_newRoot);
}
