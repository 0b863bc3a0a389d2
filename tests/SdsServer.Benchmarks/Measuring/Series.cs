namespace SdsServer.Benchmarks.Measuring;

/// <summary>Figures of one kind, in order.</summary>
internal sealed class Series
{
    private readonly double[] _sorted;

    public Series(IEnumerable<double> values)
    {
        _sorted = [.. values.Order()];
        if (_sorted.Length == 0)
        {
            throw new ArgumentException("there are no figures", nameof(values));
        }
    }

    public int Count => _sorted.Length;

    public double Min => _sorted[0];

    public double Max => _sorted[^1];

    public double Median => (_sorted[(_sorted.Length - 1) / 2] + _sorted[_sorted.Length / 2]) / 2;

    public double P99 => _sorted[(int)Math.Ceiling(0.99 * _sorted.Length) - 1];
}
