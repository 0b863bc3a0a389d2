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
    [InlineData(HoldCause.Nack, "held (NACK)", "lifts itself when the proxy accepts fresh bytes")]
    [InlineData(HoldCause.Silent, "held (SILENT)", "lifts itself when enough of them answer")]
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
        using StringWriter output = new() { NewLine = "\n" };
        Screen screen = new();
        RotationScreen.AddTo(screen, rotation, FixedTime.Now, decisions: 0);
        screen.WriteTo(Writer(output));
        return output.ToString();
    }

    private static Terminal Writer(StringWriter output) => new(
        new CliHost { Out = output, Error = output, In = TextReader.Null, Environment = _ => null, Directory = "/", Time = new FixedTime() }, OutputFormat.Human, quiet: false, noColor: true);
}
