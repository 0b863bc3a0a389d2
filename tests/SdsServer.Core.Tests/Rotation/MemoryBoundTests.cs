using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What callers that invent keys, and years of processes that come and go, cost the server and everybody else.</summary>
public sealed class MemoryBoundTests
{
    [Fact]
    public void An_identity_that_invents_keys_is_remembered_whole_and_nobody_else_is()
    {
        KeyMemory memory = new(limit: 100, limitOfIdentity: 10);
        memory.Add(Key("web", 1));
        for (int i = 0; i < 1_000; i++)
        {
            memory.Add(Key("greedy", i));
        }

        Assert.True(memory.Contains(Key("greedy", 5_000)));
        Assert.True(memory.Contains(Key("web", 1)));
        Assert.False(memory.Contains(Key("web", 2)));
    }

    [Fact]
    public void Below_the_limits_exactly_what_was_added_is_remembered_and_when_all_is_full_everybody_is()
    {
        KeyMemory memory = new(limit: 18, limitOfIdentity: 10);
        for (int i = 0; i < 9; i++)
        {
            memory.Add(Key("a", i));
            memory.Add(Key("a", i));
            memory.Add(Key("b", i % 8));
        }

        Assert.True(memory.Contains(Key("a", 8)));
        Assert.False(memory.Contains(Key("a", 9)));
        memory.Add(Key("c", 1));
        Assert.True(memory.Contains(Key("a", 9)));
    }

    [Fact]
    public void The_slots_of_processes_long_gone_are_forgotten()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        for (int week = 0; week < 4; week++)
        {
            Sidecar[] fleet = [.. Enumerable.Range(0, 600).Select(i => world.Sidecar(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"week{week}-{i}")).Start())];
            world.Pass(60);
            Assert.All(fleet, sidecar => Assert.True(sidecar.Leaf.Got.Count > 0));
            foreach (Sidecar sidecar in fleet)
            {
                sidecar.Disconnect();
            }

            world.Pass(TimeSpan.FromHours(2));
            Assert.InRange(world.Engine.OldSlots, 1, 1_000);
            world.Pass(TimeSpan.FromDays(8));
        }
    }

    private static InstanceKey Key(string name, int node) => new($"spiffe://mesh/{name}", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"node-{node}"), "ip:192.0.2.1");

    [Fact]
    public void Leaves_that_expired_are_written_down_although_no_rotation_saves_anything()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromMinutes(30));
        world.Fleet(1);
        for (int pod = 0; pod < 2_500; pod++)
        {
            world.Sidecar($"pod{pod}").Start().Disconnect();
        }

        world.Pass(TimeSpan.FromHours(2));
        Assert.InRange(world.Effects.OfType<SaveState>().Sum(static save => save.Expired.Count), 2_000, 2_500);
    }
}
