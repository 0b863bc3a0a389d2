using System.Globalization;

namespace SdsServer.Benchmarks.Goals;

/// <summary>Where a ratio should lie.</summary>
internal readonly record struct Target(double Limit, bool AtMost)
{
    public bool IsMet(double value) => AtMost ? value <= Limit : value >= Limit;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(AtMost ? "<=" : ">=")} {Limit:0.##}");

    public static Target Below(double limit) => new(limit, AtMost: true);

    public static Target Above(double limit) => new(limit, AtMost: false);
}
