using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>What a mesh is made of.</summary>
internal sealed record MeshOptions(EnvoyBinary Envoy, XdsProtocol Protocol, SdsTransport Transport)
{
    /// <summary>Every sidecar reaches the server through a <see cref="ServerLink"/>.</summary>
    public bool Linked { get; init; } = true;

    /// <summary>Sidecars run as this user, by whom the server knows them; null: they show bearer tokens.</summary>
    public int? Uid { get; init; }
}
