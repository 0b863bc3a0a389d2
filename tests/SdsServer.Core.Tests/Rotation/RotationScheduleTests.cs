using System.Collections.Immutable;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

public sealed class RotationScheduleTests
{
    private static readonly RotationSchedule Schedule = new(0.8, 0.85);
    private static readonly DateTimeOffset Begin = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_root_is_left_at_its_part_of_its_life_and_not_before()
    {
        TrustState state = First();

        Assert.Null(Due(state, 79.9));
        ScheduledRotation due = Due(state, 80)!;

        Assert.Equal((state.Signer, RotationKind.Planned, $"auto-{state.Signer}", Begin.AddDays(85)), (due.From, due.Kind, due.RequestId, due.SignNotBefore));
        Assert.Equal(due, Due(state, 99));
    }

    [Fact]
    public void Nothing_is_due_beside_a_plan_nor_again_once_it_was_started()
    {
        TrustState state = First();
        string id = RotationSchedule.RequestIdFor(state.Signer);
        PastRotation back = new(id, id, RotationKind.Planned, state.Signer, "root-2", RotationGoal.Back, Begin, Begin);

        Assert.Null(Due(state with { Past = [back] }, 90));
        Assert.NotNull(Due(state with { Past = [back with { RequestId = "r1" }] }, 90));
        Assert.Null(Due(state with { Plan = Plan(state) }, 90));
    }

    [Fact]
    public void One_that_an_emergency_took_over_from_is_due_again_under_a_request_of_its_own()
    {
        TrustState state = First();
        string id = RotationSchedule.RequestIdFor(state.Signer);
        PastRotation taken = new(id, id, RotationKind.Planned, state.Signer, "root-2", RotationGoal.Forward, Begin, Begin) { Preempted = true };

        string second = Due(state with { Past = [taken] }, 90)!.RequestId;
        PastRotation again = taken with { RequestId = second };

        Assert.Equal($"auto2-{state.Signer}", second);
        Assert.Equal($"auto3-{state.Signer}", Due(state with { Past = [again, taken] }, 90)!.RequestId);
        Assert.Null(Due(state with { Past = [again with { Preempted = false, Goal = RotationGoal.Back }, taken] }, 90));
    }

    [Fact]
    public void An_intermediate_that_ends_before_its_root_is_replaced_below_it()
    {
        TrustState state = First();
        Authority signer = state.Authority(state.Signer);
        ImmutableArray<byte> certificate = [1, 2, 3];
        TrustState below = state with { Authorities = state.Authorities.Replace(signer, signer with { Chain = [certificate, .. signer.Chain] }) };

        ScheduledRotation? due = Schedule.Due(below, der => (Begin, Begin.AddDays(der == certificate ? 10 : 1000)), Begin.AddDays(8));
        ScheduledRotation? later = Schedule.Due(below, der => (Begin, Begin.AddDays(der == certificate ? 10 : 1000)), Begin.AddDays(800));

        Assert.Equal((RotationKind.Intermediate, Begin.AddDays(8.5)), (due!.Kind, due.SignNotBefore));
        Assert.Equal(RotationKind.Planned, later!.Kind);
    }

    [Fact]
    public void A_request_id_fits_however_long_the_authoritys_is()
    {
        string one = RotationSchedule.RequestIdFor(new string('a', 63));

        Assert.True(one.Length <= 63);
        Assert.NotEqual(one, RotationSchedule.RequestIdFor(new string('a', 62) + "b"));
        Assert.Equal(one, RotationSchedule.RequestIdFor(new string('a', 63)));
    }

    // The schedule asks for certificates' lives; what they are does not matter.
    private static TrustState First()
    {
        TrustState state = Mesh.First();
        Authority signer = state.Authority(state.Signer);
        return state with { Authorities = state.Authorities.Replace(signer, signer with { Chain = [[9]] }) };
    }

    private static ScheduledRotation? Due(TrustState state, double days) => Schedule.Due(state, _ => (Begin, Begin.AddDays(100)), Begin.AddDays(days));

    private static RotationPlan Plan(TrustState state) => new()
    {
        Id = "r1",
        RequestId = "r1",
        Kind = RotationKind.Planned,
        From = state.Signer,
        To = "root-2",
        Policy = new RotationPolicy(),
        StartedAt = Begin,
        StartedBy = "uid:0",
        StepSince = Begin,
        SignerRevisionAtStart = 0,
    };
}
