using System.Collections.Immutable;
using System.Numerics;

namespace SdsServer.Simulation.Envoys;

/// <summary>A set of roots, which are called A to Z here: one bit each.</summary>
internal readonly record struct RootSet(uint Bits)
{
    public static RootSet All => new(uint.MaxValue);

    public int Count => BitOperations.PopCount(Bits);

    /// <summary>Their names, in order.</summary>
    public ImmutableArray<string> Roots
    {
        get
        {
            uint bits = Bits;
            return [.. Enumerable.Range(0, 26).Where(i => (bits >> i & 1) != 0).Select(i => ((char)('A' + i)).ToString())];
        }
    }

    public static RootSet Of(IEnumerable<string> roots)
    {
        uint bits = 0;
        foreach (string root in roots)
        {
            bits |= Bit(root);
        }

        return new RootSet(bits);
    }

    public bool Contains(string root) => (Bits & Bit(root)) != 0;

    public bool Overlaps(RootSet other) => (Bits & other.Bits) != 0;

    public RootSet And(RootSet other) => new(Bits & other.Bits);

    public RootSet Or(RootSet other) => new(Bits | other.Bits);

    public override string ToString() => "{" + string.Join(',', Roots) + "}";

    private static uint Bit(string root) => root is [>= 'A' and <= 'Z' and char letter] ? 1u << (letter - 'A') : throw new ArgumentException($"no root of this mesh: '{root}'");
}
