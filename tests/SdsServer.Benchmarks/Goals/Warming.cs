using SdsServer.Benchmarks.Servers;

namespace SdsServer.Benchmarks.Goals;

/// <summary>
/// Runs a server until it is warm. A runtime that recompiles what is called often spends more on that in its first pushes than on the
/// pushes themselves, and it does so once, in servers that run for months.
/// </summary>
internal static class Warming
{
    private const int Fewest = 10;
    private const int Most = 200;

    /// <summary>Repeats until recompiling takes less than a fiftieth of a round's processor time three times in a row, or has been going on for long.</summary>
    public static async Task RunAsync(ServerUnderTest server, Func<Task> roundAsync)
    {
        int quiet = 0;
        for (int round = 0; round < Most && (round < Fewest || quiet < 3); round++)
        {
            (TimeSpan cpu, TimeSpan compiling) = (server.Cpu, server.Compiling);
            await roundAsync();
            quiet = (server.Compiling - compiling) * 50 < server.Cpu - cpu ? quiet + 1 : 0;
        }
    }
}
