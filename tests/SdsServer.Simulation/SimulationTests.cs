using SdsServer.Simulation.Runs;

namespace SdsServer.Simulation;

[Trait("Rule", "E14.1")]
public sealed class SimulationTests
{
    [Theory]
    [InlineData(1, 300_000)]
    [InlineData(Mix.FirstDrawn, 300_000)]
    [InlineData(Mix.FirstFocused, 400_000)]
    public async Task A_million_events_break_no_claim(long firstSeed, long events)
    {
        Soak soak = new(firstSeed, events, threads: Environment.ProcessorCount, steps: Settings.Steps);
        await soak.RunAsync(TextWriter.Null);

        AssertWhole(soak);
        Assert.True(soak.Plans > soak.Runs / 2, $"only {soak.Plans} plans finished in {soak.Runs} runs: they test too little");
        Assert.True(soak.Pairs > soak.Runs * 10, $"only {soak.Pairs} pairs were compared in {soak.Events} events");
    }

    [Fact]
    public async Task Each_plot_is_played_to_its_end_and_breaks_no_claim()
    {
        Soak soak = new(Mix.FirstOfAllPlots, events: 800_000, threads: Environment.ProcessorCount, steps: Settings.Steps);
        await soak.RunAsync(TextWriter.Null);

        AssertWhole(soak);
        Assert.All(Enum.GetValues<Plot>(), plot => Assert.True(soak.Played.GetValueOrDefault(plot) >= 5, $"{plot} was played in {soak.Played.GetValueOrDefault(plot)} of {soak.Runs} runs"));
    }

    [Fact]
    public void A_seed_tells_the_same_story_again()
    {
        (_, IReadOnlyList<string> first) = new Replay(7, Settings.Steps, new HashSet<int>()).Go(told: true);
        (_, IReadOnlyList<string> again) = new Replay(7, Settings.Steps, new HashSet<int>()).Go(told: true);

        Assert.NotEmpty(first);
        Assert.Equal(first, again);
    }

    private static void AssertWhole(Soak soak) =>
        Assert.True(soak.Violations.Count == 0, string.Join('\n', soak.Violations.Select(violation => $"replay --seed {violation.Seed}: {violation.Found}")));
}
