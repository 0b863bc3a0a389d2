using System.Collections.Immutable;
using System.Net;

namespace SdsServer.Benchmarks.Envoys;

/// <summary>What a swarm looks like.</summary>
internal sealed record SwarmOptions(EndPoint Server, RecordedEnvoy Envoy)
{
    /// <summary>How many Envoys.</summary>
    public required int Envoys { get; init; }

    /// <summary>The secrets of each, one stream a secret.</summary>
    public ImmutableArray<string> Secrets { get; init; } = ["ROOTCA"];

    /// <summary>How many share a connection; real sidecars do not.</summary>
    public int EnvoysPerConnection { get; init; } = 1;

    /// <summary>Begins every node id.</summary>
    public string NodePrefix { get; init; } = "envoy";

    /// <summary>Whether the newest response of each stream is kept, for who wants to look into it.</summary>
    public bool Keep { get; init; }

    /// <summary>How many connect at once.</summary>
    public int Ramp { get; init; } = 32;
}
