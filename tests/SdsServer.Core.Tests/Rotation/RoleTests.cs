using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>The role table of Open Service Mesh, walked by setting roles.</summary>
[Trait("Rule", "E14.5")]
public sealed class RoleTests
{
    private const AuthorityRole Active = AuthorityRole.Active;
    private const AuthorityRole Passive = AuthorityRole.Passive;
    private const AuthorityRole Inactive = AuthorityRole.Inactive;

    [Fact]
    public void Every_row_of_the_table_is_walked_forward_and_back()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Leaf.Answers = false;
        Row(world, Active, Inactive, "a", "A");

        Set(world, "b", Passive);
        Row(world, Active, Passive, "a", "A,B");
        Set(world, "b", Active);
        Row(world, Active, Active, "b", "A,B");
        Assert.Equal(CommandStatus.Refused, world.Role("a", Passive).Status);
        proxy.Leaf.Ack();
        world.Pass(60);
        Row(world, Passive, Active, "b", "A,B");
        proxy.Bundle.Answers = false;
        Set(world, "a", Inactive);
        Row(world, Inactive, Active, "b", "B");

        Set(world, "a", Passive);
        Row(world, Passive, Active, "b", "B,A");
        proxy.Bundle.Answers = true;
        proxy.Bundle.Ack();
        world.Pass(60);
        Set(world, "a", Active);
        Row(world, Active, Active, "a", "B,A");
        proxy.Leaf.Answers = true;
        proxy.Leaf.Ack();
        world.Pass(60);
        Row(world, Active, Passive, "a", "B,A");
        Set(world, "b", Inactive);
        world.Pass(60);
        Row(world, Active, Inactive, "a", "A");
        Assert.Null(world.State.Plan);
        world.AssertSound();
    }

    [Fact]
    public void No_row_is_skipped_and_the_last_signer_stays()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Refused(world, "b", Active, "next role is passive");
        Refused(world, "a", Inactive, "next role is passive");
        Refused(world, "a", Passive, "only authority that signs");
        Assert.Equal(CommandStatus.NotFound, world.Role("nobody", Active).Status);
        Assert.Equal(CommandStatus.Done, world.Role("a", Active).Status);
        Assert.Null(world.State.Plan);
    }

    [Fact]
    public void Each_edit_goes_through_its_guard()
    {
        EngineWorld world = new();
        Sidecar late = world.Sidecar("late").Start();
        world.Fleet(2);
        late.Bundle.Answers = false;
        Set(world, "b", Passive);
        world.Pass(60);
        CommandOutcome refused = world.Role("b", Active);
        Assert.Equal((CommandStatus.Refused, Gate.G1), (refused.Status, refused.Refusal?.Gate));
        Assert.Equal(late.Instance.Id, Assert.Single(refused.Refusal!.Blockers).InstanceId);
        Assert.Equal("a", world.State.Signer);

        // The way back from this row needs nobody's answer: nothing was signed under the new root.
        Set(world, "b", Inactive);
        Assert.Equal("A", world.Bundle);
    }

    [Fact]
    public void The_signer_made_passive_hands_over_to_the_other_one()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        Set(world, "b", Passive);
        world.Pass(60);
        Set(world, "a", Passive);
        world.Pass(60);
        Assert.True(proxy.IsOn("b"));
        Row(world, Passive, Active, "b", "A,B");
        Set(world, "b", Passive);
        world.Pass(60);
        Row(world, Active, Passive, "a", "A,B");
    }

    private static void Set(EngineWorld world, string authority, AuthorityRole role)
    {
        CommandOutcome outcome = world.Role(authority, role);
        Assert.True(outcome.Status == CommandStatus.Done, outcome.Message);
        world.Pass(1);
    }

    private static void Refused(EngineWorld world, string authority, AuthorityRole role, string why)
    {
        CommandOutcome outcome = world.Role(authority, role);
        Assert.Equal(CommandStatus.Refused, outcome.Status);
        Assert.Contains(why, outcome.Message, StringComparison.Ordinal);
    }

    private static void Row(EngineWorld world, AuthorityRole first, AuthorityRole second, string signer, string bundle) => Assert.Equal(
        (first, second, signer, bundle),
        (world.Engine.RoleOf(world.State.Authority("a")), world.Engine.RoleOf(world.State.Authority("b")), world.State.Signer, world.Bundle));
}
