using System.Globalization;

namespace SdsServer.Simulation.Runs;

/// <summary>The shortest story of a seed that still ends in the same violation.</summary>
/// <param name="Seed">Names the run.</param>
/// <param name="Steps">Steps of trouble before the calm.</param>
/// <param name="Without">Steps that are left out.</param>
internal sealed record Replay(long Seed, int Steps, IReadOnlySet<int> Without)
{
    /// <summary>What runs it again.</summary>
    public string Command => string.Create(
        CultureInfo.InvariantCulture, $"replay --seed {Seed} --steps {Steps}{(Without.Count == 0 ? "" : " --without " + string.Join(',', Without.Order()))}");

    /// <summary>First the fewest steps, then without each step that is not needed.</summary>
    public static Replay Minimize(long seed, int steps, Exception found)
    {
        Replay shortest = new(seed, steps, new HashSet<int>());
        for (int fewer = 0; fewer < steps; fewer++)
        {
            if (new Replay(seed, fewer, shortest.Without).FailsLike(found))
            {
                shortest = shortest with { Steps = fewer };
                break;
            }
        }

        for (int step = shortest.Steps; step >= 1; step--)
        {
            Replay less = shortest with { Without = new HashSet<int>(shortest.Without) { step } };
            shortest = less.FailsLike(found) ? less : shortest;
        }

        return shortest;
    }

    /// <summary>Runs it, and returns what it ended with and what happened on the way.</summary>
    public (Exception? Found, IReadOnlyList<string> Lines) Go(bool told)
    {
        Run run = new(Seed, told);
        try
        {
            run.Go(Steps, Without);
            return (null, run.Lines);
        }
        catch (Exception found)
        {
            return (found, [.. run.Lines, .. run.Fleet()]);
        }
    }

    private bool FailsLike(Exception found) => Go(told: false).Found is { } again
        && again.GetType() == found.GetType() && (again as Violation)?.Claim == (found as Violation)?.Claim;
}
