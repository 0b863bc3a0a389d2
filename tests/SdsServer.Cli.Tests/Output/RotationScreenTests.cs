using SdsServer.Cli.Output;
using SdsServer.Cli.Tests.Fakes;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Tests.Output;

public sealed class RotationScreenTests
{
    [Fact]
    public void An_emergency_past_its_deadline_is_told_by_whom_to_pass_over_not_to_unhold_or_roll_back()
    {
        Rotation rotation = Held(HoldCause.Deadline);
        rotation.Kind = RotationKind.Emergency;
        rotation.Gate.Code = GateCode.G3DropTrust;
        rotation.Gate.Refusal.Blockers[1].Overridable = true;
        rotation.Gate.Refusal.Blockers[1].Reason = BlockerReason.NeedsOldRoot;
        rotation.Gate.Refusal.Blockers[1].Leaf = $"{FakeMesh.Name}/leaves/0c33";

        string screen = Show(rotation);

        Assert.Contains("held (DEADLINE)", screen, StringComparison.Ordinal);
        Assert.Contains("goes on by itself as soon as nobody is late; unhold and rollback are refused here", screen, StringComparison.Ordinal);
        Assert.Contains("sdsctl rotation advance --override 3f2a --override 0c33\n", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("'sdsctl rotation unhold'", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("'sdsctl rotation rollback'", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void No_command_is_offered_that_would_be_refused_because_something_cannot_be_passed_over()
    {
        Rotation rotation = Held(HoldCause.Deadline);

        string screen = Show(rotation);

        Assert.Contains("to do: not all that blocks can be passed over: see to the others first", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("rotation advance", screen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HoldCause.Nack, "held (NACK)", "lifts itself when the proxy accepts fresh bytes, unless the server was restarted since; to go on in this wave without it: 'sdsctl rotation unhold' (the next gate still waits for it, or for an override of its name)")]
    [InlineData(HoldCause.Silent, "held (SILENT)", "lifts itself when enough of them answer, unless the server was restarted since; to go on without them: 'sdsctl rotation unhold'")]
    [InlineData(HoldCause.Clock, "held (CLOCK)", "set the clock right, then 'sdsctl rotation unhold'")]
    [InlineData(HoldCause.OlderStore, "held (OLDER_STORE)", "start the server with its newest store")]
    [InlineData(HoldCause.Invariant, "held (INVARIANT)", "do not go on: turn back with 'sdsctl rotation rollback'")]
    [InlineData(HoldCause.Webhook, "held (WEBHOOK)", "'sdsctl rotation unhold' asks it again")]
    [InlineData(HoldCause.Operator, "held (OPERATOR)", "nothing moves until 'sdsctl rotation unhold'")]
    public void A_hold_says_its_cause_and_what_lifts_it(HoldCause cause, string label, string ends)
    {
        string screen = Show(Held(cause));

        Assert.Contains(label, screen, StringComparison.Ordinal);
        Assert.Contains(ends, screen, StringComparison.Ordinal);
        Assert.Contains("'sdsctl proxy repush 3f2a'", screen, StringComparison.Ordinal);
        Assert.Contains("'sdsctl proxy retire 9c01'", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("sdsctl rotation status", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_held_emergency_is_not_told_to_roll_back()
    {
        Rotation rotation = Held(HoldCause.Operator);
        rotation.Kind = RotationKind.Emergency;

        Assert.DoesNotContain("rollback", Show(rotation), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_that_no_gate_names_is_to_be_looked_for()
    {
        Rotation rotation = Held(HoldCause.Nack);
        rotation.Gate.Refusal.Blockers.RemoveAt(0);

        Assert.Contains("to do: see who refuses with 'sdsctl proxy list --nacked'", Show(rotation), StringComparison.Ordinal);
    }

    // What the engine calls so: on the way back from Drained and Removing it is Distributing until everyone trusts the first one again.
    [Theory]
    [InlineData(Phase.Distributing, Goal.Forward, "everyone gets root-a and root-b, root-a signs")]
    [InlineData(Phase.Issuing, Goal.Forward, "root-a and root-b trusted, leaves of root-b for the waves begun, of root-a for all others")]
    [InlineData(Phase.Drained, Goal.Forward, "root-a and root-b trusted, no leaf needs root-a any more")]
    [InlineData(Phase.Removing, Goal.Forward, "root-a has left the bundle, but not yet every proxy")]
    [InlineData(Phase.Distributing, Goal.Back, "everyone gets root-a and root-b, root-b signs")]
    [InlineData(Phase.Issuing, Goal.Back, "root-a and root-b trusted, everyone gets a leaf of root-a")]
    [InlineData(Phase.Drained, Goal.Back, "root-a and root-b trusted, no leaf needs root-b any more")]
    [InlineData(Phase.Removing, Goal.Back, "root-b has left the bundle, but not yet every proxy")]
    public void A_phase_names_the_authorities_both_ways(Phase phase, Goal goal, string meaning)
    {
        Rotation rotation = FakeMesh.In("issuing").Rotation!;
        (rotation.Phase, rotation.Goal) = (phase, goal);

        string screen = Show(rotation);

        Assert.Contains($": {meaning}\n", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("the old", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("the new", screen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GateCode.G1SetSigner, "G1 (everyone trusts root-a)")]
    [InlineData(GateCode.G3DropTrust, "G3 (no leaf needs root-b)")]
    [InlineData(GateCode.G4Gone, "G4 (nobody trusts root-b any more)")]
    public void A_gate_on_the_way_back_names_the_root_it_is_about(GateCode gate, string words)
    {
        Rotation rotation = FakeMesh.In("issuing").Rotation!;
        (rotation.Goal, rotation.Gate.Code, rotation.Gate.Refusal.Gate) = (Goal.Back, gate, gate);

        Assert.Contains($"gate: {words}\n", Show(rotation), StringComparison.Ordinal);
    }

    [Fact]
    public void In_the_last_wave_everyone_gets_a_leaf_of_the_target()
    {
        Rotation rotation = FakeMesh.In("issuing").Rotation!;
        rotation.Waves.Index = 5;

        Assert.Contains("root-a and root-b trusted, everyone gets a leaf of root-b\n", Show(rotation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RotationKind.Planned, Goal.Forward, "'sdsctl leaf list --needs root-a'")]
    [InlineData(RotationKind.Planned, Goal.Back, "'sdsctl leaf list --needs root-b'")]
    [InlineData(RotationKind.Intermediate, Goal.Forward, "'sdsctl leaf list --root root-a'")]
    public void The_leaves_that_block_are_listed_by_the_authority_that_is_dropped(RotationKind kind, Goal goal, string command)
    {
        Rotation rotation = FakeMesh.In("issuing").Rotation!;
        (rotation.Kind, rotation.Goal, rotation.Gate.Refusal.Blockers[1].Reason) = (kind, goal, BlockerReason.NeedsOldRoot);

        Assert.Contains($"see the leaves with {command}; they are replaced or expire", Show(rotation), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nobody_is_connected_nobody_is_to_be_retired()
    {
        Rotation rotation = FakeMesh.In("issuing").Rotation!;
        rotation.Gate.Refusal.Blockers.Clear();
        rotation.Gate.Refusal.Blockers.Add(new Blocker { Subject = FakeMesh.Name, Reason = BlockerReason.Absent, Until = FakeMesh.At(TimeSpan.FromSeconds(30)) });

        string screen = Show(rotation);

        Assert.Contains("to do: wait until proxies have connected again; if they do not, see whether they reach the server\n", screen, StringComparison.Ordinal);
        Assert.Contains("until 2026-11-21 04:00:30Z (in 30s)", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("retire", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wave_under_way_needs_nobody()
    {
        Rotation rotation = InFlight();

        string screen = Show(rotation);

        Assert.Contains("ends with its answer\n", screen, StringComparison.Ordinal);
        Assert.Contains("opens by itself once the missing answers are there\n", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("somebody has to act", screen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BlockerReason.Nacked)]
    [InlineData(BlockerReason.Absent)]
    [InlineData(BlockerReason.UnmanagedTrust)]
    public void What_only_a_person_ends_says_so(BlockerReason reason)
    {
        Rotation rotation = InFlight();
        rotation.Gate.Refusal.Blockers[0].Reason = reason;

        Assert.Contains("does not open by itself: somebody has to act\n", Show(rotation), StringComparison.Ordinal);
    }

    [Fact]
    public void Silence_needs_somebody()
    {
        Rotation rotation = InFlight();
        rotation.Waves.Silent = 1;

        Assert.Contains("does not open by itself: somebody has to act\n", Show(rotation), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_is_known_to_block_the_line_says_nothing_of_waiting()
    {
        Rotation rotation = Held(HoldCause.Operator);
        rotation.Gate.Refusal.BlockerCounts.Clear();

        Assert.EndsWith(", held (OPERATOR): the reason", RotationScreen.Line(rotation, FixedTime.Now), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, GateCode.G3DropTrust, "  who still blocks is passed over by force at 2026-11-21 03:59:56Z (4s ago)")]
    [InlineData(true, GateCode.G4Gone, "  held if it is still closed at 2026-11-21 03:59:56Z (4s ago)")]
    [InlineData(false, GateCode.G3DropTrust, "  held if it is still closed at 2026-11-21 03:59:56Z (4s ago)")]
    public void A_deadline_says_what_comes_then(bool force, GateCode gate, string line)
    {
        Rotation rotation = InFlight();
        rotation.Kind = RotationKind.Emergency;
        rotation.Policy.ForceAtDeadlines = force;
        (rotation.Gate.Code, rotation.Gate.Deadline) = (gate, FakeMesh.At(TimeSpan.FromSeconds(-4)));

        Assert.Contains(line, Show(rotation), StringComparison.Ordinal);
    }

    [Fact]
    public void Waves_begun_counts_waves()
    {
        Rotation rotation = InFlight();

        Assert.Contains("2 of 20 on root-b; waves begun: 2 of 5, with 4 proxies", Show(rotation), StringComparison.Ordinal);

        rotation.Waves.Count = 1;
        Assert.DoesNotContain("waves begun", Show(rotation), StringComparison.Ordinal);
    }

    // A leaf on its way, and somebody who is away for a time.
    private static Rotation InFlight()
    {
        Rotation rotation = FakeMesh.In("issuing").Rotation!;
        rotation.Gate.Refusal.Blockers[0].Reason = BlockerReason.PendingLeaf;
        return rotation;
    }

    private static Rotation Held(HoldCause cause)
    {
        Rotation rotation = FakeMesh.In("issuing").Rotation!;
        rotation.Held = true;
        rotation.HoldReason = "the reason";
        rotation.HoldCause = cause;
        rotation.Gate.Refusal.Code = RefusalCode.Held;
        rotation.Gate.Deadline = null;
        return rotation;
    }

    private static string Show(Rotation rotation)
    {
        Screen screen = new();
        RotationScreen.AddTo(screen, rotation, FixedTime.Now, decisions: 0);
        return ScreenText.Of(screen);
    }
}
