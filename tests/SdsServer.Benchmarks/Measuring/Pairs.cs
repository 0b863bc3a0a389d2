namespace SdsServer.Benchmarks.Measuring;

/// <summary>A, B, A, B: whatever else the machine does hits both.</summary>
internal static class Pairs
{
    /// <summary>Measures both in turn; a first pair warms up and is not kept.</summary>
    public static async Task<List<(double A, double B)>> RunAsync(int count, Func<Task<double>> a, Func<Task<double>> b)
    {
        List<(double, double)> pairs = [];
        for (int i = 0; i <= count; i++)
        {
            (double, double) pair = (await a(), await b());
            if (i > 0)
            {
                pairs.Add(pair);
            }
        }

        return pairs;
    }
}
