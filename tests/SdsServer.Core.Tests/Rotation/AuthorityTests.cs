using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Which authorities may come and go.</summary>
public sealed class AuthorityTests
{
    // An emergency that needs room, or a plan that has to drop the root, finds it by its authority.
    [Theory]
    [InlineData(false, CommandStatus.Refused)]
    [InlineData(true, CommandStatus.Done)]
    public void An_intermediate_stays_while_its_root_is_trusted_and_no_other_authority_has_it(bool another, CommandStatus expected)
    {
        EngineWorld world = new(new FleetPolicy { MaxRoots = 3 });
        Add(world, "c", "C");
        Add(world, "d", "D");
        if (another)
        {
            Add(world, "d2", "D");
        }

        world.Fleet(2);
        world.Sidecar("late").Start().Bundle.Answers = false;
        world.Rotate("d");
        world.Pass(2);
        world.Rotate("c", kind: RotationKind.Emergency, compromised: "a");
        Assert.Equal("A,D,C", world.Bundle);

        Assert.Equal(expected, world.Do(id => new RemoveAuthority { Id = id, Actor = "op", AuthorityId = "d" }).Status);
        Assert.Contains(world.State.Roots, root => root.Id == "D");
    }

    private static void Add(EngineWorld world, string id, string root) =>
        world.Do(command => new AddAuthority { Id = command, Actor = "op", Authority = Mesh.Authority(id, root), Root = Mesh.Root(root) });

    [Fact]
    public void A_new_authority_below_a_stolen_root_is_stolen_too()
    {
        EngineWorld world = new();
        world.Sidecar("late").Start().Bundle.Answers = false;
        world.Rotate("b", kind: RotationKind.Emergency);
        Add(world, "a2", "A");
        Add(world, "b2", "B");
        Assert.Equal((true, false), (world.State.Authority("a2").Tainted, world.State.Authority("b2").Tainted));
    }

    // Rule E9. What is stolen has no way back.
    [Theory]
    [InlineData(RotationKind.Planned, 24, 7)]
    [InlineData(RotationKind.Planned, 240, 20)]
    [InlineData(RotationKind.Emergency, 24, 0)]
    public void A_root_that_has_left_the_bundle_is_kept_for_a_way_back(RotationKind kind, int hours, int days)
    {
        EngineWorld world = new(new FleetPolicy { MaxLeafLifetime = TimeSpan.FromHours(hours) });
        world.Fleet(2);
        world.Rotate("b", kind: kind);
        world.Pass(TimeSpan.FromHours(2));
        Assert.Equal(("B", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
        if (days > 0)
        {
            world.Pass(TimeSpan.FromDays(days) - TimeSpan.FromHours(3));
            CommandOutcome kept = Remove(world);
            Assert.Equal((CommandStatus.Refused, "in_use"), (kept.Status, kept.Refusal?.Code));
            Assert.Contains("kept for a way back until", kept.Message, StringComparison.Ordinal);
            world.Pass(TimeSpan.FromHours(3));
        }

        Assert.Equal(CommandStatus.Done, Remove(world).Status);
    }

    private static CommandOutcome Remove(EngineWorld world) => world.Do(static id => new RemoveAuthority { Id = id, Actor = "op", AuthorityId = "a" });
}
