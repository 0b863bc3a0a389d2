using System.Diagnostics;

namespace SdsServer.Benchmarks.Measuring;

/// <summary>How often something can be done in a second.</summary>
internal static class Rate
{
    /// <summary>Runs one loop a thread for about this long.</summary>
    public static async Task<double> OfAsync(TimeSpan time, int threads, Func<Action> makeOperation)
    {
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        long start = Stopwatch.GetTimestamp();
        long[] counts = await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                Action operation = makeOperation();
                long count = 0;
                while (Stopwatch.GetTimestamp() < end)
                {
                    operation();
                    count++;
                }

                return count;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Keeps a number of operations under way for about this long.</summary>
    public static async Task<double> OfAsync(TimeSpan time, int inFlight, Func<Task> operation)
    {
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        long start = Stopwatch.GetTimestamp();
        long[] counts = await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(async () =>
        {
            long count = 0;
            while (Stopwatch.GetTimestamp() < end)
            {
                await operation();
                count++;
            }

            return count;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
