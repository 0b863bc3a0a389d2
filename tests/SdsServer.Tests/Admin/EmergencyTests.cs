using Google.Protobuf.WellKnownTypes;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Google.Rpc;
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
        ScriptedProxy[] fleet = await HeldByItsDeadlineAsync(host, rotations);
        Rotation held = await rotations.GetAsync("e1");
        Assert.Equal((GateCode.G1SetSigner, Phase.Distributing), (held.Gate.Code, held.Phase));
        fleet[0].Resume();
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

    [Fact]
    public async Task A_root_that_is_stolen_while_an_emergency_moves_to_it_is_left_too()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Fleet = options.Fleet with { MaxRoots = 3 });
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(2);
        fleet[0].FallSilent();
        Rotation first = (await StartAsync(rotations, "e1", _ => { })).Rotation;

        foreach (string stolen in new[] { "", first.FromAuthority })
        {
            RpcException same = await ErrorDetails.FailsAsync(StartAsync(rotations, "e2", request => request.CompromisedAuthority = stolen), StatusCode.FailedPrecondition, "ROTATION_ACTIVE");
            Assert.Contains("emergency 'e1' away from", same.Status.Detail);
            Assert.Contains($"such as '{first.ToAuthority.Split('/')[^1]}', as compromised_authority", same.Status.Detail);
        }

        await ErrorDetails.FailsAsync(rotations.StartAsync("r2"), StatusCode.FailedPrecondition, "ROTATION_ACTIVE");
        StartRotationResponse dry = await StartAsync(rotations, "", request => (request.CompromisedAuthority, request.ValidateOnly) = (first.ToAuthority, true));
        Assert.Null(dry.Forecast.Refusal);
        Rotation second = (await StartAsync(rotations, "e2", request => request.CompromisedAuthority = first.ToAuthority)).Rotation;

        Assert.Equal(first.ToAuthority, second.FromAuthority);
        Assert.Equal(RotationState.Preempted, (await rotations.GetAsync("e1")).State);
        fleet[0].Resume();
        await rotations.UntilOverAsync("e2");
        Assert.Equal(second.ToAuthority, (await host.TrustAsync()).Signer);
    }

    [Fact]
    public async Task It_cannot_be_turned_back_to_the_stolen_root_and_a_dry_run_says_so()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(2);
        fleet[0].FallSilent();
        await StartAsync(rotations, "e1", _ => { });

        RpcException dry = await ErrorDetails.FailsAsync(rotations.RollbackAsync("e1", validateOnly: true), StatusCode.FailedPrecondition, "AUTHORITY_TAINTED");
        RpcException real = await ErrorDetails.FailsAsync(rotations.RollbackAsync("e1"), StatusCode.FailedPrecondition, "AUTHORITY_TAINTED");

        Assert.Equal(real.Find<Refusal>(), dry.Find<Refusal>());
        Assert.Equal(Goal.Forward, (await rotations.GetAsync("e1")).Goal);
    }

    [Fact]
    public async Task Past_its_deadline_a_dry_run_takes_the_override_that_the_real_one_takes()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await HeldByItsDeadlineAsync(host, rotations);
        string late = Assert.Single((await rotations.GetAsync("e1")).Gate.Refusal.Blockers).Subject;
        string stranger = $"{AdminHost.Domain}/instances/nobody";

        await ErrorDetails.FailsAsync(rotations.AdvanceAsync("e1", GateCode.G1SetSigner, request => request.ValidateOnly = true), StatusCode.FailedPrecondition, "HELD");
        foreach (string[] wrong in new[] { [stranger], new[] { late, stranger } })
        {
            RpcException dry = await ErrorDetails.FailsAsync(rotations.AdvanceAsync("e1", GateCode.G1SetSigner, request => Override(request, true, wrong)), StatusCode.FailedPrecondition, "OVERRIDE_NOT_POSSIBLE");
            RpcException real = await ErrorDetails.FailsAsync(rotations.AdvanceAsync("e1", GateCode.G1SetSigner, request => Override(request, false, wrong)), StatusCode.FailedPrecondition, "OVERRIDE_NOT_POSSIBLE");
            Assert.Equal(real.Status.Detail, dry.Status.Detail);
        }

        Assert.True((await rotations.AdvanceAsync("e1", GateCode.G1SetSigner, request => Override(request, true, late))).Held);
        Rotation advanced = await rotations.AdvanceAsync("e1", GateCode.G1SetSigner, request => Override(request, false, late));
        Assert.Equal((false, Phase.Issuing), (advanced.Held, advanced.Phase));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_wrong_with_the_stolen_root_is_found_before_a_new_one_is_made(bool dry)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(1);
        string old = (await host.TrustAsync()).Signer;
        await rotations.StartAsync("r0");
        await rotations.UntilOverAsync("r0");

        Task<StartRotationResponse> Ask(string stolen) => StartAsync(rotations, "e1", request => (request.CompromisedAuthority, request.ValidateOnly) = (stolen, dry));
        await ErrorDetails.FailsAsync(Ask($"{AdminHost.Domain}/authorities/nobody"), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        if (dry)
        {
            Assert.Equal(RefusalCode.NotTrusted, (await Ask(old)).Forecast.Refusal?.Code);
        }
        else
        {
            await ErrorDetails.FailsAsync(Ask(old), StatusCode.FailedPrecondition, "NOT_TRUSTED");
        }

        await rotations.StartManuallyAsync("r1");
        long before = await host.RevisionAsync();
        RpcException unsaid = await ErrorDetails.FailsAsync(Ask(""), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal("compromised_authority", Assert.Single(unsaid.Find<BadRequest>()!.FieldViolations).Field);
        Assert.Equal(before, await host.RevisionAsync());
        Assert.DoesNotContain((await host.StateAsync()).Authorities, authority => authority.Id == SdsServer.Admin.RotationStart.IdFor("e1"));
        ListAuditEntriesResponse log = await host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(
            SdsServer.Admin.AuditService.Descriptor, "ListAuditEntries", new ListAuditEntriesRequest { Parent = AdminHost.Domain });
        Assert.DoesNotContain(log.AuditEntries, entry => entry.Action == "DeleteAuthority");
    }

    [Fact]
    public async Task What_an_emergency_does_not_heed_is_refused_by_name()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        GatePolicy approval = new() { Kind = GateKind.Approval };
        Duration minute = Duration.FromTimeSpan(TimeSpan.FromMinutes(1));
        RotationPolicy policy = new()
        {
            TrustGate = approval,
            WaveGate = new GatePolicy { Kind = GateKind.Time, After = minute },
            DropGate = approval,
            TrustSoak = minute,
            CanarySoak = minute,
            WaveSoak = minute,
            DropSoak = minute,
            Waves = { new Wave { Proxies = 1 } },
            MaxInFlight = 1,
            MaxSilentPercent = 3,
            AutomaticRollback = true,
            Evidence = LeafEvidence.EnvoyAdmin,
            LeafLifetime = Duration.FromTimeSpan(TimeSpan.FromHours(1)),
        };

        RpcException refused = await ErrorDetails.FailsAsync(StartAsync(new RotationClient(host), "e1", request => request.Policy = policy), StatusCode.InvalidArgument, "INVALID_REQUEST");

        Assert.Equal(
            ["policy.automatic_rollback", "policy.canary_soak", "policy.drop_gate", "policy.drop_soak", "policy.evidence", "policy.leaf_lifetime", "policy.max_in_flight",
                "policy.max_silent_percent", "policy.trust_gate", "policy.trust_soak", "policy.wave_gate", "policy.wave_soak", "policy.waves"],
            refused.Find<BadRequest>()!.FieldViolations.Where(wrong => wrong.Description.StartsWith("does not belong to kind EMERGENCY: ", StringComparison.Ordinal))
                .Select(wrong => wrong.Field).Order(StringComparer.Ordinal));
        Assert.Null((await host.StateAsync()).Plan);
    }

    [Theory]
    [InlineData(300, 1, "policy.drop_deadline")]
    [InlineData(null, 1, "policy.drop_deadline")]
    [InlineData(3600, null, "policy.sign_deadline")]
    public async Task The_stolen_root_does_not_go_before_the_new_one_signs(int? sign, int? drop, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationPolicy policy = new() { SignDeadline = Seconds(sign), DropDeadline = Seconds(drop) };

        RpcException refused = await ErrorDetails.FailsAsync(StartAsync(new RotationClient(host), "e1", request => request.Policy = policy), StatusCode.InvalidArgument, "INVALID_REQUEST");

        Assert.Equal(field, Assert.Single(refused.Find<BadRequest>()!.FieldViolations).Field);

        static Duration? Seconds(int? seconds) => seconds is { } some ? Duration.FromTimeSpan(TimeSpan.FromSeconds(some)) : null;
    }

    [Fact]
    public async Task What_the_settings_say_of_waits_is_not_for_an_emergency()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Rotation = options.Rotation with
        {
            TrustGate = "Approval", WaveGate = "Approval", DropGate = "Approval", Waves = "1", DropSoak = TimeSpan.FromDays(1), LeafLifetime = TimeSpan.FromHours(1),
            Evidence = SdsServer.Core.Rotation.LeafEvidence.EnvoyAdmin, AutomaticRollback = true,
        });
        RotationClient rotations = new(host);
        await host.EnrolAsync(2);

        StartRotationResponse dry = await StartAsync(rotations, "", request => request.ValidateOnly = true);

        Assert.All(dry.Forecast.Steps.Skip(1), step => Assert.Equal(GateKind.Ack, step.OpenedBy.Kind));
        Assert.All(dry.Forecast.Steps, step => Assert.NotNull(step.EarliestTime));
        Assert.Equal([GateKind.Ack, GateKind.Ack, GateKind.Ack], new[] { dry.Rotation.Policy.TrustGate, dry.Rotation.Policy.WaveGate, dry.Rotation.Policy.DropGate }.Select(gate => gate.Kind));
        Assert.Equal(
            (100, 0, 0, LeafEvidence.Ack, false),
            (Assert.Single(dry.Rotation.Policy.Waves).Percent, dry.Rotation.Policy.DropSoak.Seconds, dry.Rotation.Policy.LeafLifetime.Seconds, dry.Rotation.Policy.Evidence, dry.Rotation.Policy.AutomaticRollback));
        await StartAsync(rotations, "e1", request => request.Policy = new RotationPolicy { TrustGate = new GatePolicy { Kind = GateKind.Ack } });
        await rotations.UntilOverAsync("e1");
    }

    // The first of three proxies is silent.
    private static async Task<ScriptedProxy[]> HeldByItsDeadlineAsync(AdminHost host, RotationClient rotations)
    {
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        fleet[0].FallSilent();
        await StartAsync(rotations, "e1", request => request.Policy = Deadlines(force: false));
        await rotations.UntilAsync("e1", "its first deadline to hold it", rotation => rotation.HoldCause == HoldCause.Deadline);
        return fleet;
    }

    private static void Override(AdvanceRotationRequest request, bool dry, params string[] names) =>
        (request.Override, request.ValidateOnly) = (new GateOverride { Blockers = { names } }, dry);

    private static RotationPolicy Deadlines(bool force) => new()
    {
        SignDeadline = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
        DropDeadline = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)),
        ForceAtDeadlines = force,
    };

    private static Task<StartRotationResponse> StartAsync(RotationClient rotations, string id, Action<StartRotationRequest> change) => rotations.StartAsync(id, request =>
    {
        request.Kind = RotationKind.Emergency;
        change(request);
    });
}
