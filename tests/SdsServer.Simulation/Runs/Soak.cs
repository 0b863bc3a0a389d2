using System.Diagnostics;
using System.Globalization;

namespace SdsServer.Simulation.Runs;

/// <summary>Many short runs, each from its own seed, until enough events have been handled: those that failed once, then one seed after the other.</summary>
internal sealed class Soak(long firstSeed, long events, int threads, int steps)
{
    private readonly Lock _lock = new();
    private readonly Stopwatch _watch = new();
    private long _nextSeed = firstSeed;
    private int _known;
    private int _plotted;
    private long _spokenAt;

    public long Runs { get; private set; }

    public long Events { get; private set; }

    public long Plans { get; private set; }

    public long Pairs { get; private set; }

    /// <summary>In how many runs each plot came to its end.</summary>
    public Dictionary<Plot, int> Played { get; } = [];

    /// <summary>Seeds of the runs that broke a claim, with what they broke, in the order in which they ended.</summary>
    public List<(long Seed, Exception Found)> Violations { get; } = [];

    /// <summary>So many runs with plots come before the first seed.</summary>
    public int Plots { get; init; }

    /// <summary>No run starts after this many violations.</summary>
    public int MaxViolations { get; init; } = 10;

    /// <summary>Runs until the events are there. A line now and then goes to <paramref name="progress"/>.</summary>
    public async Task RunAsync(TextWriter progress)
    {
        _watch.Start();
        await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Run(() => Work(progress))));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"events {Events}, plans {Plans}, violations {Violations.Count}");

    private void Work(TextWriter progress)
    {
        while (Next() is { } seed)
        {
            Run run = new(seed);
            Exception? found = null;
            try
            {
                run.Go(steps);
            }
            catch (Exception error)
            {
                found = error;
            }

            lock (_lock)
            {
                Runs++;
                Events += run.Events;
                Plans += run.Finished;
                Pairs += run.Pairs;
                if (run.Played is { } plot)
                {
                    Played[plot] = Played.GetValueOrDefault(plot) + 1;
                }

                if (found is not null)
                {
                    Violations.Add((seed, found));
                    progress.WriteLine($"seed {seed}: {found.Message}");
                }

                Speak(progress);
            }
        }
    }

    private long? Next()
    {
        lock (_lock)
        {
            if (Events >= events || Violations.Count >= MaxViolations)
            {
                return null;
            }

            return _known < KnownSeeds.All.Count ? KnownSeeds.All[_known++]
                : _plotted < Plots ? Mix.FirstOfAllPlots + _plotted++
                : _nextSeed++;
        }
    }

    private void Speak(TextWriter progress)
    {
        long seconds = (long)_watch.Elapsed.TotalSeconds;
        if (seconds >= _spokenAt + 10)
        {
            _spokenAt = seconds;
            progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"after {seconds} s: runs {Runs}, {this}, {Events / _watch.Elapsed.TotalSeconds:0} events/s"));
        }
    }
}
