namespace SdsServer.Simulation.Envoys;

/// <summary>A response as the client reads it.</summary>
/// <param name="Nonce">To be named in the answer.</param>
/// <param name="Version">SotW: of the whole response.</param>
/// <param name="Secrets">Each with its own version, which counts on delta.</param>
internal sealed record ClientResponse(string Nonce, string Version, IReadOnlyList<(string Name, string Version, HeldSecret Secret)> Secrets);
