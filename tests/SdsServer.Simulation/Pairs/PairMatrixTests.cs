using SdsServer.Core.Rotation;
using Xunit.Abstractions;

namespace SdsServer.Simulation.Pairs;

/// <summary>At every step of a rotation, and of one turned back, everybody can talk to everybody, by real handshakes.</summary>
[Trait("Rule", "E14.3")]
public sealed class PairMatrixTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task Forward_whoever_is_behind_in_whatever_manner(int firstManner) => TellAsync(firstManner, turn: null);

    [Trait("Rule", "E14.6")]
    [Theory]
    [InlineData(RotationPhase.Distributing, 0)]
    [InlineData(RotationPhase.Issuing, 0)]
    [InlineData(RotationPhase.Issuing, 1)]
    [InlineData(RotationPhase.Drained, 3)]
    [InlineData(RotationPhase.Removing, 2)]
    public Task Turned_back_from(RotationPhase phase, int firstManner) => TellAsync(firstManner, phase);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public Task Away_from_a_stolen_root(int firstManner) => TellAsync(firstManner, story => story.StolenAsync(), RotationPhase.Distributing, RotationPhase.Issuing, RotationPhase.Removing);

    [Theory]
    [InlineData("a", 2)]
    [InlineData("b", 3)]
    public Task A_root_is_stolen_half_way(string stolen, int firstManner) => TellAsync(firstManner, story => story.StolenHalfWayAsync(stolen), RotationPhase.Issuing, RotationPhase.Removing);

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public Task To_an_intermediate(bool back, int firstManner) => TellAsync(firstManner, story => story.IntermediateAsync(back), RotationPhase.Issuing);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public Task Held_in_a_wave_over_a_restart_of_the_server(int firstManner) => TellAsync(firstManner, story => story.HeldOverARestartAsync(), RotationPhase.Issuing, RotationPhase.Removing);

    private async Task TellAsync(int firstManner, Func<PairStory, Task> tell, params RotationPhase[] phases)
    {
        using PairWorld world = await PairWorld.StartAsync();
        await tell(new PairStory(world, firstManner));
        output.WriteLine($"{world.Proxies.Count} proxies; {world.Matrix}");

        // Five proxies from the beginning on, and a newcomer in the first phase that is waited for.
        Assert.All(phases, phase => Assert.True(world.Matrix.PairsIn(phase, RotationGoal.Forward) >= 6 * 5, $"{phase}: {world.Matrix}"));
        Assert.Equal(world.Proxies.Count * (world.Proxies.Count - 1), world.Matrix.PairsIn(RotationPhase.Steady, null));
    }

    private async Task TellAsync(int firstManner, RotationPhase? turn)
    {
        using PairWorld world = await PairWorld.StartAsync();
        await new PairStory(world, firstManner).TellAsync(turn);
        output.WriteLine($"{world.Proxies.Count} proxies; {world.Matrix}");

        // Five proxies from the beginning on, and one more in each phase; the ordered pairs of all of them.
        (RotationPhase Phase, int Pairs)[] forward = [(RotationPhase.Distributing, 6 * 5), (RotationPhase.Issuing, 7 * 6), (RotationPhase.Drained, 7 * 6), (RotationPhase.Removing, 8 * 7)];
        foreach ((RotationPhase phase, int pairs) in forward)
        {
            Assert.Equal(pairs, world.Matrix.PairsIn(phase, RotationGoal.Forward));
            if (phase == turn)
            {
                break;
            }
        }

        int all = world.Proxies.Count * (world.Proxies.Count - 1);
        Assert.Equal(all, world.Matrix.PairsIn(RotationPhase.Steady, null));
        Assert.True(turn is null || world.Matrix.PairsIn(RotationPhase.Removing, RotationGoal.Back) >= 7 * 6, $"{world.Matrix}");
    }
}
