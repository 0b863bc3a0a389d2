using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

public sealed class EmergencyTests
{
    [Fact]
    public async Task An_emergency_takes_the_place_of_a_rotation_and_leaves_the_stolen_root()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(3);
        Rotation planned = (await rotations.StartManuallyAsync("r1")).Rotation;
        await ErrorDetails.FailsAsync(StartAsync(rotations, "e0", request => { request.ToAuthority = planned.ToAuthority; }), StatusCode.InvalidArgument, "INVALID_REQUEST");

        Rotation emergency = (await StartAsync(rotations, "e1", request =>
        {
            request.CompromisedAuthority = planned.FromAuthority;
            request.ToAuthority = planned.ToAuthority;
        })).Rotation;

        Assert.Equal((RotationKind.Emergency, planned.FromAuthority, planned.ToAuthority), (emergency.Kind, emergency.FromAuthority, emergency.ToAuthority));
        Assert.Equal(RotationState.Preempted, (await rotations.GetAsync("r1")).State);
        await rotations.UntilOverAsync("e1");
        Assert.Equal((RotationState.Completed, RotationKind.Emergency), ((await rotations.GetAsync("e1")).State, (await rotations.GetAsync("e1")).Kind));
        Authority stolen = await host.CallAsync<GetAuthorityRequest, Authority>(
            SdsServer.Admin.AuthorityService.Descriptor, "GetAuthority", new GetAuthorityRequest { Name = planned.FromAuthority });
        Assert.Equal((true, AuthorityRole.Inactive), (stolen.Tainted, stolen.Role));
        RpcException back = await ErrorDetails.FailsAsync(
            rotations.StartAsync("r2", request => request.ToAuthority = planned.FromAuthority), StatusCode.FailedPrecondition, "CANDIDATE_UNFIT");
        Assert.Contains("tainted", back.Status.Detail);
    }

    [Fact]
    public async Task At_its_deadlines_it_holds_or_passes_over_whoever_is_silent_as_was_said_at_the_start()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        fleet[0].FallSilent();
        await StartAsync(rotations, "e1", request => request.Policy = Deadlines(force: false));
        await rotations.UntilAsync("e1", "its first deadline to hold it", rotation => rotation.HoldCause == HoldCause.Deadline);
        Rotation held = await rotations.GetAsync("e1");
        Assert.Equal((GateCode.G1SetSigner, Phase.Distributing), (held.Gate.Code, held.Phase));
        fleet[0].Resume();
        await rotations.UnholdAsync("e1");
        await rotations.UntilOverAsync("e1");

        fleet[0].FallSilent();
        await StartAsync(rotations, "e2", request => request.Policy = Deadlines(force: true));
        await rotations.UntilAsync("e2", "the stolen root to be dropped", rotation => rotation.Phase == Phase.Removing || rotation.State == RotationState.Completed);
        Rotation forced = await rotations.GetAsync("e2");
        Assert.Contains(forced.Decisions, decision => decision.What.Contains("over", StringComparison.Ordinal) && decision.Why.Contains("deadline has passed", StringComparison.Ordinal));
        Assert.Equal([Phase.Distributing, Phase.Issuing, Phase.Removing], forced.Steps.Select(step => step.Phase).Where(phase => phase != Phase.Steady));
    }

    [Fact]
    public async Task A_dry_run_of_an_emergency_says_when_it_breaks_what()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(2);

        Forecast holding = (await StartAsync(rotations, "", request => request.ValidateOnly = true)).Forecast;
        StartRotationResponse forcing = await StartAsync(rotations, "", request => (request.ValidateOnly, request.Policy) = (true, new RotationPolicy { ForceAtDeadlines = true }));

        Assert.All(holding.Steps.Skip(1), step => Assert.Null(step.WorstTime));
        Assert.Contains(holding.Warnings, warning => warning.StartsWith("the deadlines hold", StringComparison.Ordinal));
        DateTimeOffset start = forcing.Forecast.Steps[0].EarliestTime.ToDateTimeOffset();
        Assert.Equal([2, 15], forcing.Forecast.Steps.Skip(1).Take(2).Select(step => (step.WorstTime.ToDateTimeOffset() - start).TotalMinutes));
        Assert.Contains(forcing.Forecast.Warnings, warning => warning.StartsWith("at the deadlines whoever is not ready is passed over, in your name", StringComparison.Ordinal));
        Assert.Equal((await host.TrustAsync()).Signer, forcing.Rotation.FromAuthority);
        Assert.False((await host.StateAsync()).Authorities[0].Tainted);
    }

    private static RotationPolicy Deadlines(bool force) => new()
    {
        SignDeadline = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
        DropDeadline = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(2)),
        ForceAtDeadlines = force,
    };

    private static Task<StartRotationResponse> StartAsync(RotationClient rotations, string id, Action<StartRotationRequest> change) => rotations.StartAsync(id, request =>
    {
        request.Kind = RotationKind.Emergency;
        change(request);
    });
}
