using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>What a mesh is made of.</summary>
internal sealed record MeshOptions(EnvoyBinary Envoy, XdsProtocol Protocol, SdsTransport Transport)
{
    /// <summary>Which sidecars, by node id, reach the server through a <see cref="ServerLink"/>.</summary>
    public Func<string, bool> Linked { get; init; } = _ => true;

    /// <summary>Sidecars of <see cref="Workloads.One"/> run as this user, by whom the server knows them; null: they show bearer tokens.</summary>
    public int? Uid { get; init; }
}
