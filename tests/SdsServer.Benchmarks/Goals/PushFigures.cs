using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Measuring;
using SdsServer.Benchmarks.Servers;

namespace SdsServer.Benchmarks.Goals;

/// <summary>What one push cost.</summary>
/// <param name="Times">Milliseconds from the trigger to each stream's response.</param>
/// <param name="CpuMicroseconds">Of the server, for each response; the answers' handling included.</param>
/// <param name="Size">Bytes of a response.</param>
internal sealed record PushFigures(Series Times, double CpuMicroseconds, int Size)
{
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(100);

    /// <param name="server">Whose processor time.</param>
    /// <param name="swarm">Who must get it.</param>
    /// <param name="trigger">Makes the server push one response to each of the streams.</param>
    /// <param name="only">Of which streams; null for all.</param>
    public static async Task<PushFigures> MeasureAsync(ServerUnderTest server, Swarm swarm, Func<Task> trigger, Func<SecretStream, bool>? only = null)
    {
        TimeSpan before = server.Cpu;
        PushStart start = swarm.Mark(only);
        await trigger();
        Series times = await swarm.PushedAsync(start);
        await Task.Delay(Settling);
        return new PushFigures(times, (server.Cpu - before).TotalMicroseconds / start.Streams.Count, start.Streams[0].Stream.Size);
    }
}
