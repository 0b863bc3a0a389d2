using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>What a mesh is made of.</summary>
internal sealed record MeshOptions(EnvoyBinary Envoy, XdsProtocol Protocol, SdsTransport Transport)
{
    /// <summary>Which sidecars, by node id, reach the server through a <see cref="ServerLink"/>.</summary>
    public Func<string, bool> Linked { get; init; } = _ => true;

    /// <summary>Each node states where its Envoy's admin listens, those for which this is true a link to there; null: none states anything.</summary>
    public Func<string, bool>? AdminLinked { get; init; }

    /// <summary>
    /// The server issues its serving certificate itself; null: an operator's. Says by node id which file the sidecar follows for its anchors, and which
    /// digests its node states.
    /// </summary>
    public Func<string, ServerProcess, (string SecretFile, IReadOnlyList<string> Digests)>? OwnServing { get; init; }

    /// <summary>What an operator does before the first sidecar starts; null: nothing.</summary>
    public Func<Operator, Task>? Prepare { get; init; }

    /// <summary>Sidecars of <see cref="Workloads.One"/> run as this user, by whom the server knows them; null: they show bearer tokens.</summary>
    public int? Uid { get; init; }
}
