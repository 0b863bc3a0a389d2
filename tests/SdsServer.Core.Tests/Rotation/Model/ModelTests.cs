using System.Globalization;

namespace SdsServer.Core.Tests.Rotation.Model;

public sealed class ModelTests
{
    /// <summary>More of them: <c>SDSSERVER_MODEL_RUNS=100000</c>; from another seed: <c>SDSSERVER_MODEL_SEED=7</c>.</summary>
    [Fact]
    public void Whatever_happens_every_leaf_is_accepted_by_every_bundle_and_every_plan_ends()
    {
        int runs = Setting("SDSSERVER_MODEL_RUNS", 1_000);
        int first = Setting("SDSSERVER_MODEL_SEED", 1);
        int steps = Setting("SDSSERVER_MODEL_STEPS", 60);
        long pairs = 0, finished = 0, events = 0;
        for (int seed = first; seed < first + runs; seed++)
        {
            ModelRun run = new(seed);
            try
            {
                run.Go(steps);
            }
            catch (Exception found)
            {
                Assert.Fail(Replay(seed, steps, seed - first + 1, found));
            }

            pairs += run.Pairs;
            finished += run.Finished;
            events += run.Events;
        }

        Assert.True(finished > runs / 2, $"only {finished} plans finished in {runs} runs: they test too little");
        Assert.True(pairs > runs * 10L, $"only {pairs} pairs were compared in {events} events");
    }

    private static string Replay(int seed, int steps, int runs, Exception found)
    {
        // The shortest trouble that still ends badly says most.
        for (int fewer = 1; fewer <= steps; fewer++)
        {
            ModelRun run = new(seed, traced: true);
            try
            {
                run.Go(fewer);
            }
            catch (Exception again) when (again.GetType() == found.GetType())
            {
                return $"seed {seed}, {fewer} steps, run {runs}: {again}\n{string.Join('\n', run.Story.TakeLast(200))}";
            }
            catch (Exception)
            {
                continue;
            }
        }

        return $"seed {seed}, run {runs}: {found}";
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
