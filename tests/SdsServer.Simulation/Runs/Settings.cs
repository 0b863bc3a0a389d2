using SdsServer.Core.Fleet;

namespace SdsServer.Simulation.Runs;

/// <summary>The world of the random runs: real windows, short leaves.</summary>
internal static class Settings
{
    /// <summary>Steps of trouble in a run.</summary>
    public const int Steps = 60;

    /// <summary>A run that has not ended after so many events goes round in circles.</summary>
    public const long MostEvents = 100_000;

    /// <summary>An authority whose root is not fit to be trusted; no operator in his right mind moves to it.</summary>
    public const string UnfitAuthority = "d";

    public const string UnfitRoot = "D";

    public static readonly TimeSpan LeafLifetime = TimeSpan.FromMinutes(20);

    /// <summary>Envoy's longest backoff: how long a stream stays away while its server can be reached.</summary>
    public static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    /// <summary>How long the server may take to hear that a connection has ended.</summary>
    public static readonly TimeSpan LatestNotice = TimeSpan.FromSeconds(20);

    /// <summary>How long one source may stay away while its connection lives: less than the engine's W.</summary>
    public static readonly TimeSpan SlowestSlot = TimeSpan.FromMinutes(3.5);

    /// <summary>A hot restart's parent ends within this.</summary>
    public static readonly TimeSpan ParentLife = TimeSpan.FromMinutes(3);

    public static FleetPolicy Policy(bool strict, int maxRoots) => new()
    {
        MaxRoots = maxRoots,
        DeadLinkWindow = LatestNotice,
        SuccessionWindow = TimeSpan.FromMinutes(4),
        StrictAbsence = strict,
        QuarantineAfter = TimeSpan.FromMinutes(2),
        MaxSkew = TimeSpan.FromMinutes(5),
        MaxLeafLifetime = LeafLifetime,
    };
}
