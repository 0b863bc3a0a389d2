namespace SdsServer.Simulation.Envoys;

/// <summary>How a simulated Envoy asks for its secrets.</summary>
/// <param name="Dialect">State of the world or delta.</param>
/// <param name="Aggregated">One stream for all (ADS), or one for each source.</param>
/// <param name="OneName">Without ADS: all its bundle sources ask for the same name, and all its leaf sources.</param>
internal sealed record Manner(Dialect Dialect, bool Aggregated, bool OneName);
