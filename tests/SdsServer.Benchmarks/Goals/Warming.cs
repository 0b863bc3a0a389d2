namespace SdsServer.Benchmarks.Goals;

/// <summary>How long a server runs before it counts.</summary>
internal static class Warming
{
    /// <summary>
    /// Pushes that are thrown away on both sides. A runtime that compiles what is called often spends more on that in its first seconds
    /// than on the pushes, and it does so once, in servers that run for months.
    /// </summary>
    public const int Pushes = 24;
}
