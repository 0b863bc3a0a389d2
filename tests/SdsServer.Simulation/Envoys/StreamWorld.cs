using System.Globalization;
using SdsServer.Core.Secrets;
using SdsServer.Xds;

namespace SdsServer.Simulation.Envoys;

/// <summary>What all streams of a server share.</summary>
internal sealed class StreamWorld
{
    private long _lastSubscription;
    private long _lastStream;

    public SecretNames Names { get; } = new("mesh", [new("leaf/", SecretKind.Leaf), new("bundle/", SecretKind.Bundle)]);

    public XdsLimits Limits { get; } = new();

    public SecretEncoder Encoder { get; } = new("simulated");

    public long NextSubscription() => ++_lastSubscription;

    /// <summary>What the nonces of a new stream begin with.</summary>
    public string NextNonces() => (++_lastStream).ToString(CultureInfo.InvariantCulture);
}
