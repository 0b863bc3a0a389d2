namespace SdsServer.Cli.Demo;

/// <summary>What was asked of the demo.</summary>
/// <param name="Sidecars">How many, at least 2.</param>
/// <param name="Workers">Handshakes at once.</param>
/// <param name="Seed">Draws the order of the pairs.</param>
/// <param name="ServerPath">The server's program; null to look for it.</param>
/// <param name="Keep">Leave the data directory.</param>
/// <param name="WithEnvoy">Add a pair of real Envoys.</param>
internal sealed record DemoOptions(int Sidecars, int Workers, int Seed, string? ServerPath, bool Keep, bool WithEnvoy);
