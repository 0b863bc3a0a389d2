namespace SdsServer.Simulation.Envoys;

/// <summary>How a configuration source asks for secrets.</summary>
internal enum Dialect
{
    /// <summary>State of the world.</summary>
    Sotw,

    Delta,
}
