using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What the engine writes into the log, as data.</summary>
public sealed class LogTests
{
    private static readonly RotationPolicy Manual = EngineWorld.Manual;

    [Fact]
    public void Every_line_says_what_it_is_about_and_at_which_revision_it_was_written()
    {
        EngineWorld world = new();
        world.Fleet(2);
        world.Rotate("b");
        world.Pass(120);
        Assert.Null(world.State.Plan);

        Assert.Equal(
            [
                (DecisionKind.BeginTerm, "", ""), (DecisionKind.StartRotation, "", "r1"), (DecisionKind.SetSigner, "b", "r1"),
                (DecisionKind.DropTrust, "A", "r1"), (DecisionKind.FinishRotation, "", "r1"),
            ],
            world.Store.Log.Select(entry => (entry.Kind, entry.Kind == DecisionKind.FinishRotation ? "" : entry.Subject, entry.RotationId)));
        // A start that adds a root to the bundle is two decisions in one.
        long first = world.Store.Log[0].Revision;
        Assert.Equal([first, first + 2, first + 3, first + 4, first + 5], world.Store.Log.Select(entry => entry.Revision));
        Assert.Equal(world.State.Decisions, world.Store.Log[^1].Revision);
        Assert.All(world.Store.Log, entry => Assert.Equal((DecisionOutcome.Done, ""), (entry.Outcome, entry.Error)));
    }

    [Fact]
    public void A_command_says_whether_the_log_has_its_line()
    {
        EngineWorld world = new();
        Assert.True(world.Rotate("b", Manual, "request").Logged);
        Assert.False(world.Rotate("b", Manual, "request").Logged);
        Assert.False(world.Turn(RotationGoal.Forward).Logged);
        Assert.True(world.Turn(RotationGoal.Back).Logged);
    }

    [Fact]
    public void A_blocker_names_the_leaf_that_needs_the_old_root()
    {
        EngineWorld world = new();
        Sidecar stuck = world.Sidecar("stuck").Start();
        string leaf = stuck.Instance.Outstanding[0].Serial;
        world.Rotate("b", Manual);
        world.Pass(5);
        stuck.Leaf.Answers = false;
        Assert.Equal(CommandStatus.Done, world.Advance(Gate.G1).Status);
        world.Pass(1);

        Blocker[] blockers = [.. world.Engine.Outlook()!.Value.Refusal!.Blockers];

        Assert.Contains(blockers, blocker => blocker.Reason == BlockerReason.NeedsOutgoingRoot && blocker.LeafSerial == leaf);
        Assert.All(blockers, blocker => Assert.Equal(blocker.Reason == BlockerReason.NeedsOutgoingRoot, blocker.LeafSerial.Length > 0));
    }

    [Fact]
    public void Unhold_lifts_only_the_hold_that_was_looked_at_and_logs_which()
    {
        EngineWorld world = new();
        Sidecar refusing = world.Sidecar("refusing").Start();
        refusing.Bundle.Answers = false;
        world.Rotate("b", Manual);
        refusing.Bundle.Nack("no room");
        world.Pass(1);
        Assert.Equal(HoldCause.Nack, world.State.Plan!.Hold!.Cause);

        Assert.Equal(CommandStatus.Aborted, world.Unhold(HoldCause.Operator).Status);
        Assert.NotNull(world.State.Plan!.Hold);
        Assert.Equal(CommandStatus.Done, world.Unhold(HoldCause.Nack).Status);

        Decision line = world.Store.Log[^1];
        Assert.Equal((DecisionKind.UnholdRotation, "r1", "op", "seen to"), (line.Kind, line.RotationId, line.Actor, line.Reason));
        Assert.Contains("Nack: ", line.Action, StringComparison.Ordinal);
        Assert.Contains("no room", line.Action, StringComparison.Ordinal);
    }

    [Fact]
    public void An_instance_shows_when_it_came_when_it_spoke_last_and_what_it_takes()
    {
        EngineWorld world = new();
        DateTimeOffset came = world.Time.Now.Utc;
        Sidecar proxy = world.Sidecar("web").Start();
        world.Pass(60);
        InstanceView there = world.Engine.Find(proxy.Instance.Id)!;
        Assert.Equal(2, there.Secrets.Length);
        Assert.Equal(there.Secrets.Order(StringComparer.Ordinal), there.Secrets);
        Assert.InRange(there.FirstSeen!.Value, came, came.AddSeconds(1));
        Assert.InRange(there.LastSeen!.Value, there.FirstSeen.Value, came.AddSeconds(50));

        proxy.Disconnect();
        world.Pass(1);
        InstanceView away = world.Engine.Find(there.Id)!;
        Assert.Empty(away.Secrets);
        Assert.Equal(there.FirstSeen, away.FirstSeen);
        Assert.InRange(away.LastSeen!.Value, came.AddSeconds(59), came.AddSeconds(62));

        world.Restart();
        InstanceView remembered = world.Engine.Find(there.Id)!;
        Assert.Null(remembered.FirstSeen);
        Assert.Equal(remembered.Outstanding[0].NotBefore, remembered.LastSeen);
    }
}
