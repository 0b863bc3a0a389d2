namespace SdsServer.Benchmarks.Measuring;

/// <summary>A, B, A, B: whatever else the machine does hits both.</summary>
internal static class Pairs
{
    /// <summary>Measures both in turn; a first pair warms up and is not kept.</summary>
    public static Task<List<(double A, double B)>> RunAsync(int count, Func<Task<double>> a, Func<Task<double>> b) => RunAsync(count, 1, a, b);

    /// <param name="count">Pairs that are kept.</param>
    /// <param name="warming">Pairs before them that are not.</param>
    /// <param name="a">Measures the one.</param>
    /// <param name="b">Measures the other.</param>
    public static async Task<List<(double A, double B)>> RunAsync(int count, int warming, Func<Task<double>> a, Func<Task<double>> b)
    {
        List<(double, double)> pairs = [];
        for (int i = -warming; i < count; i++)
        {
            (double, double) pair = (await a(), await b());
            if (i >= 0)
            {
                pairs.Add(pair);
            }
        }

        return pairs;
    }
}
