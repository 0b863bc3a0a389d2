namespace SdsServer.Simulation.Pairs;

/// <summary>How a proxy is a step behind.</summary>
internal enum Lag
{
    None,

    /// <summary>It has no connection to the server, and goes on with what it holds.</summary>
    Away,

    /// <summary>It refuses the secret and keeps the one before.</summary>
    Refuses,

    /// <summary>It takes nothing in and says nothing.</summary>
    Stuck,

    /// <summary>It uses the secret, and its answer is not heard.</summary>
    Unheard,
}
