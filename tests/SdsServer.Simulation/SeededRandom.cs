namespace SdsServer.Simulation;

/// <summary>
/// Random numbers that begin anew with every step of a run, so that a step which is left out of a replay changes nothing in what the
/// later ones decide. SplitMix64.
/// </summary>
internal sealed class SeededRandom(long seed) : Random
{
    private ulong _state = Mix((ulong)seed);

    /// <summary>From here on the numbers depend on the seed and this step alone.</summary>
    public void Begin(int step) => _state = Mix((ulong)seed) ^ Mix((ulong)step + 0x51ed);

    public override int Next(int maxValue) => (int)((NextUInt64() >> 32) * (ulong)maxValue >> 32);

    public override int Next(int minValue, int maxValue) => minValue + Next(maxValue - minValue);

    public override int Next() => Next(int.MaxValue);

    public override double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    public override long NextInt64() => (long)(NextUInt64() >> 1);

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer[i] = (byte)(NextUInt64() >> 56);
        }
    }

    protected override double Sample() => NextDouble();

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    private ulong NextUInt64() => Mix(_state += 0x9e3779b97f4a7c15);
}
