namespace SdsServer.Simulation.Runs;

/// <summary>
/// How often what happens in a run. A run that does a little of everything seldom does much of two things at once, and many mistakes want
/// just that: so most runs leave out half of all that may happen and do the rest the more often (swarm testing, Groce et al., ISSTA 2012).
/// </summary>
internal sealed record Mix
{
    /// <summary>Runs from this seed on draw their mix. Those before have the usual one: the known seeds among them must keep telling their story.</summary>
    public const long FirstDrawn = 20_000_000;

    /// <summary>Runs from this seed on keep but a quarter of all troubles: the more there are, the less any two of them meet.</summary>
    public const long FirstFocused = 1_000_000_000;

    /// <summary>Runs from this seed on each play one plot now and then, one plot after the other.</summary>
    public const long FirstPlotted = 10_000_000_000;

    /// <summary>Runs from this seed on play every plot. Those before play the ones that were there when the known seeds among them were found.</summary>
    public const long FirstOfAllPlots = 50_000_000_000;

    private const int PlotsBefore = 25;

    private static readonly Plot[] s_plots = Enum.GetValues<Plot>();
    private static readonly int[] s_weights = [0, 0, 1, 2, 6];
    private static readonly int[] s_fewWeights = [0, 0, 0, 0, 0, 0, 2, 6];

    private static readonly Mix s_usual = new()
    {
        Troubles =
        [
            Trouble.DropConnection, Trouble.DropConnection, Trouble.DropStream, Trouble.DropStream, Trouble.CutOff, Trouble.Die, Trouble.HotRestart, Trouble.AddContext,
            Trouble.RemoveContext, Trouble.Hush, Trouble.Displease, Trouble.Spawn, Trouble.KillServer, Trouble.KillServer, Trouble.JumpClock,
            .. Enumerable.Repeat(Trouble.Operate, 13),
        ],
        Orders =
        [
            Order.RetireDead, Order.Repush, Order.Hold, Order.Turn, Order.Turn, Order.Turn, Order.Tend, Order.Tend,
            Order.Start, Order.Start, Order.Start, Order.Start, Order.Start, Order.Race, Order.Race, Order.SetRole, Order.SetRole, Order.Override,
        ],
    };

    /// <summary>One of them in each step.</summary>
    public required Trouble[] Troubles { get; init; }

    /// <summary>One of them whenever an operator acts.</summary>
    public required Order[] Orders { get; init; }

    /// <summary>Nodes that processes start on.</summary>
    public int Nodes { get; init; } = 6;

    /// <summary>One in so many rotations is an emergency.</summary>
    public int Emergencies { get; init; } = 14;

    /// <summary>One in so many effects is slow.</summary>
    public int Slow { get; init; } = 12;

    /// <summary>One in so many processes has one stream for everything.</summary>
    public int Aggregated { get; init; } = 5;

    /// <summary>Rotations wait for nothing but evidence.</summary>
    public bool Eager { get; init; }

    /// <summary>One in so many gates opens by time alone.</summary>
    public int TimeGates { get; init; } = 12;

    /// <summary>Waves are watched for longer than it takes until somebody's leaf is renewed.</summary>
    public bool LongSoaks { get; init; }

    /// <summary>The proxies are on the server's own machine, which sees at once when a connection ends.</summary>
    public bool Local { get; init; }

    /// <summary>One in so many connections ends unnoticed for a while.</summary>
    public int LateNotices { get; init; } = 3;

    /// <summary>One in so many streams that are lost stays away for longer than the longest backoff.</summary>
    public int SlowSlots { get; init; } = 8;

    /// <summary>The server's own certificate is from the mesh's roots, and moves with them.</summary>
    public bool OwnServing { get; init; }

    /// <summary>It waits for hours rather than minutes for proxies that do not know its next root.</summary>
    public bool LongGrace { get; init; }

    /// <summary>Not the usual one.</summary>
    public bool IsDrawn { get; init; }

    /// <summary>Half of the runs stir up what is seldom for most of the time.</summary>
    public bool Stirs { get; init; } = true;

    /// <summary>Few troubles, and those of several steps are given the time to come to their end.</summary>
    public bool IsFocused { get; init; }

    /// <summary>What is played in this run.</summary>
    public Plot? Plot { get; init; }

    /// <summary>One in so many processes takes bundles alone; 0: the fourth, now and then.</summary>
    public int BundleOnly { get; init; }

    public static Mix Of(long seed)
    {
        SeededRandom random = new(seed ^ 0x313);
        bool isFocused = seed >= FirstFocused;
        if (seed < FirstDrawn || (random.Next(4) == 0 && !isFocused))
        {
            return s_usual;
        }

        Trouble[] troubles = Draw(random, Trouble.Operate, isFocused ? s_fewWeights : s_weights);
        Mix drawn = new()
        {
            IsDrawn = true,
            Troubles = troubles,
            Orders = Draw(random, Order.Start, s_weights),
            IsFocused = isFocused,
            Stirs = !isFocused || random.Next(4) == 0,
            Nodes = 1 + random.Next(6),
            Emergencies = random.Next(3) == 0 ? 2 : 14,
            Slow = random.Next(3) == 0 ? 3 : 12,
            Aggregated = random.Next(3) switch { 0 => 1, 1 => 5, _ => 1_000 },
            Eager = random.Next(2) == 0,
            BundleOnly = random.Next(3) == 0 ? 2 : 0,
            TimeGates = random.Next(4) == 0 ? 2 : 12,
            LongSoaks = random.Next(6) == 0,
            Local = random.Next(3) == 0,
            LateNotices = random.Next(2) == 0 ? 1 : 3,
            SlowSlots = random.Next(2) == 0 ? 2 : 8,
            OwnServing = random.Next(2) == 0,
            LongGrace = random.Next(2) == 0,
        };
        return seed < FirstPlotted ? drawn : drawn.For(s_plots[seed % (seed < FirstOfAllPlots ? PlotsBefore : s_plots.Length)]);
    }

    private Mix For(Plot plot)
    {
        // The others would meet processes that nobody can know of: cut off by a stolen root's certificate before the server has noted them.
        bool serves = plot is Runs.Plot.StaleConfirmation or Runs.Plot.AnchorlessNewcomer or Runs.Plot.TwinOfTheCutOff;
        bool isRemote = serves || plot is Runs.Plot.GhostSucceeded or Runs.Plot.RefusedUnheard;
        return this with { Plot = plot, OwnServing = serves, Local = Local && !isRemote, LongGrace = false };
    }

    private static T[] Draw<T>(Random random, T always, int[] weights)
        where T : struct, Enum =>
        [.. Enum.GetValues<T>().SelectMany(one => Enumerable.Repeat(one, weights[random.Next(weights.Length)] + (one.Equals(always) ? 4 : 0)))];
}
