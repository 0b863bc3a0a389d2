using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Simulation.Pairs;

/// <summary>A response as the proxy reads it from the wire.</summary>
/// <param name="Nonce">To be named in the answer.</param>
/// <param name="Version">What a later stream reports once it was accepted.</param>
/// <param name="Secret">What it brings.</param>
internal sealed record Received(string Nonce, string Version, Secret Secret);
