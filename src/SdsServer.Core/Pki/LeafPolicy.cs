namespace SdsServer.Core.Pki;

/// <summary>The bounds every leaf keeps. Valid by construction.</summary>
public sealed class LeafPolicy
{
    /// <summary>Sets the bounds.</summary>
    /// <param name="lifetime">Lifetime of a leaf that asks for none; 24 hours.</param>
    /// <param name="minimum">Shortest lifetime; 5 minutes.</param>
    /// <param name="maximum">Longest lifetime; 90 days.</param>
    /// <param name="backdate">How far before now validity begins; 5 minutes.</param>
    /// <param name="skew">How long before any certificate of its chain a leaf ends; 5 minutes.</param>
    /// <exception cref="ArgumentException">The bounds contradict each other.</exception>
    public LeafPolicy(TimeSpan? lifetime = null, TimeSpan? minimum = null, TimeSpan? maximum = null, TimeSpan? backdate = null, TimeSpan? skew = null)
    {
        Lifetime = lifetime ?? TimeSpan.FromHours(24);
        Minimum = minimum ?? TimeSpan.FromMinutes(5);
        Maximum = maximum ?? TimeSpan.FromDays(90);
        Backdate = backdate ?? TimeSpan.FromMinutes(5);
        Skew = skew ?? TimeSpan.FromMinutes(5);
        if (Minimum <= TimeSpan.Zero || Lifetime < Minimum || Maximum < Lifetime)
        {
            throw new ArgumentException($"leaf lifetimes must satisfy 0 < minimum ({Minimum}) <= default ({Lifetime}) <= maximum ({Maximum})");
        }

        if (Backdate < TimeSpan.Zero || Skew < TimeSpan.Zero)
        {
            throw new ArgumentException($"backdate ({Backdate}) and skew ({Skew}) must not be negative");
        }
    }

    /// <summary>All defaults.</summary>
    public static LeafPolicy Default { get; } = new();

    /// <summary>Lifetime of a leaf that asks for none.</summary>
    public TimeSpan Lifetime { get; }

    /// <summary>Shortest lifetime, also where the chain's end cuts it.</summary>
    public TimeSpan Minimum { get; }

    /// <summary>Longest lifetime.</summary>
    public TimeSpan Maximum { get; }

    /// <summary>How far before now validity begins.</summary>
    public TimeSpan Backdate { get; }

    /// <summary>How long before any certificate of its chain a leaf ends.</summary>
    public TimeSpan Skew { get; }
}
