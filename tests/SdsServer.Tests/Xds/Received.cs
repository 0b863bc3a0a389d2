using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Tests.Xds;

/// <summary>A response, whatever the protocol.</summary>
/// <param name="Versions">Delta: the version of each resource. SotW: the response's, for each.</param>
internal sealed record Received(
    string Nonce, string Version, string ControlPlane, IReadOnlyDictionary<string, Secret> Secrets, IReadOnlyDictionary<string, string> Versions,
    IReadOnlyList<string> Removed);
