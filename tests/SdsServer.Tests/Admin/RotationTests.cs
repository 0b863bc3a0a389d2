using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Google.Rpc;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

public sealed class RotationTests
{
    [Fact]
    public async Task A_rotation_goes_forward_and_its_watch_tells_every_step()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        string old = (await host.TrustAsync()).Signer;
        string[] leaves = [.. fleet.Select(proxy => proxy.Leaf!)];

        StartRotationResponse started = await rotations.StartAsync("r1", request => request.NewAuthority.DisplayName = "Mesh 2027");
        await using ClientCall<WatchRotationRequest, WatchRotationResponse> watch = await host.WatchAsync<WatchRotationRequest, WatchRotationResponse>(
            RotationService.Descriptor, "WatchRotation", new WatchRotationRequest { Name = started.Rotation.Name });
        List<Rotation> seen = await watch.ReadAllAsync().Select(response => response.Rotation).ToListAsync();

        Rotation last = seen[^1];
        Assert.Equal(RotationState.Completed, last.State);
        Assert.Equal((old, Goal.Forward, Phase.Steady), (last.FromAuthority, last.Goal, last.Phase));
        Assert.Equal([Phase.Distributing, Phase.Issuing, Phase.Removing, Phase.Steady], last.Steps.Select(step => step.Phase));
        Assert.Contains(last.Decisions, decision => decision is { Actor: "engine", What: "finish rotation" } && decision.Counts["members"] == 3);
        Assert.Null(last.Gate);
        Assert.NotNull(last.FinishTime);
        Assert.DoesNotContain(fleet, proxy => leaves.Contains(proxy.Leaf));
        TrustDomain trust = await host.TrustAsync();
        Assert.Equal((last.ToAuthority, Phase.Steady, ""), (trust.Signer, trust.Phase, trust.ActiveRotation));
        BundleRoot root = Assert.Single(trust.Bundle);
        Assert.True(root.Safe);
        Authority authority = await host.CallAsync<GetAuthorityRequest, Authority>(
            AuthorityService.Descriptor, "GetAuthority", new GetAuthorityRequest { Name = last.ToAuthority });
        Assert.Equal(("Mesh 2027", root.RootId, AuthorityRole.Active), (authority.DisplayName, authority.RootId, authority.Role));
    }

    [Fact]
    public async Task A_manual_rotation_waits_for_each_approval_and_can_be_turned_twice()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(2);
        string old = (await host.TrustAsync()).Signer;
        Rotation started = (await rotations.StartManuallyAsync("r1")).Rotation;
        await rotations.StepAsync("r1", GateCode.G1SetSigner);
        await rotations.UntilAsync("r1", "every leaf to be replaced", rotation => rotation is { Phase: Phase.Drained, Gate.AwaitingApproval: true });
        Assert.Equal(started.ToAuthority, (await host.TrustAsync()).Signer);

        Rotation back = await rotations.RollbackAsync("r1");
        Assert.Equal((Goal.Back, Phase.Distributing), (back.Goal, back.Phase));
        Assert.Equal(Goal.Forward, (await rotations.ResumeAsync("r1")).Goal);
        await rotations.RollbackAsync("r1");
        await rotations.StepAsync("r1", GateCode.G1SetSigner);
        await rotations.StepAsync("r1", GateCode.G3DropTrust);
        await rotations.UntilOverAsync("r1");

        Rotation over = await rotations.GetAsync("r1");
        Assert.Equal(RotationState.RolledBack, over.State);
        Assert.Equal(old, (await host.TrustAsync()).Signer);
        Assert.Equal(
            [(Phase.Distributing, Goal.Forward), (Phase.Issuing, Goal.Forward), (Phase.Distributing, Goal.Back), (Phase.Issuing, Goal.Forward),
                (Phase.Distributing, Goal.Back), (Phase.Issuing, Goal.Back), (Phase.Removing, Goal.Back), (Phase.Steady, Goal.Back)],
            over.Steps.Select(step => (step.Phase, step.Goal)));
        RpcException finished = await ErrorDetails.FailsAsync(rotations.RollbackAsync("r1"), StatusCode.FailedPrecondition, "ROTATION_FINISHED");
        Assert.Contains("start another", finished.Status.Detail);
    }

    [Fact]
    public async Task A_shut_gate_names_who_blocks_it_and_is_not_passed()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        fleet[1].FallSilent();
        await rotations.StartManuallyAsync("r1");
        await rotations.UntilAsync("r1", "the others to answer", rotation => rotation.Gate.Refusal?.Blockers.Count == 1);

        Gate gate = (await rotations.GetAsync("r1")).Gate;
        Assert.False(gate.Open || gate.AwaitingApproval);
        Assert.NotNull(gate.Deadline);
        RpcException error = await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G1SetSigner), StatusCode.FailedPrecondition, "GATE_CLOSED");
        RpcException dry = await ErrorDetails.FailsAsync(
            rotations.AdvanceAsync("r1", GateCode.G1SetSigner, request => request.ValidateOnly = true), StatusCode.FailedPrecondition, "GATE_CLOSED");
        Assert.Equal(error.Find<Refusal>(), dry.Find<Refusal>());
        Refusal refusal = error.Find<Refusal>()!;
        Blocker blocker = Assert.Single(refusal.Blockers);
        Assert.Equal((fleet[1].SpiffeId, "svc-01", BlockerReason.PendingAck, true), (blocker.SpiffeId, blocker.NodeId, blocker.Reason, blocker.Overridable));
        Assert.Equal((BlockerReason.PendingAck, 1), (refusal.BlockerCounts.Single().Reason, refusal.BlockerCounts.Single().Count));
        Assert.Equal(GateCode.G1SetSigner, refusal.Gate);
        PreconditionFailure.Types.Violation violation = Assert.Single(error.Find<PreconditionFailure>()!.Violations);
        Assert.Equal(("PENDING_ACK", blocker.Subject), (violation.Type, violation.Subject));

        await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G3DropTrust), StatusCode.FailedPrecondition, "WRONG_PHASE");
        await ErrorDetails.FailsAsync(
            rotations.AdvanceAsync("r1", GateCode.G1SetSigner, request => request.Override = new GateOverride { Blockers = { $"{AdminHost.Domain}/instances/nobody" } }),
            StatusCode.FailedPrecondition, "OVERRIDE_NOT_POSSIBLE");
        await ErrorDetails.FailsAsync(
            rotations.AdvanceAsync("r1", GateCode.G1SetSigner, request => request.Override = new GateOverride { Blockers = { "svc-01" } }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(Phase.Distributing, (await rotations.GetAsync("r1")).Phase);

        fleet[1].Resume();
        await rotations.StepAsync("r1", GateCode.G1SetSigner);
    }

    [Fact]
    public async Task A_refusing_proxy_holds_the_rotation_with_its_own_words_and_rollback_heals_it()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(2);
        fleet[0].Refuse("certificate has a key Envoy cannot use");
        await rotations.StartAsync("r1");

        await rotations.UntilAsync("r1", "the refusal to hold it", rotation => rotation.Held);
        Rotation held = await rotations.GetAsync("r1");
        Assert.Contains("certificate has a key Envoy cannot use", held.HoldReason);
        Assert.Equal((RefusalCode.Held, false), (held.Gate.Refusal.Code, held.Gate.Open));
        Assert.Contains(held.Gate.Refusal.Blockers, blocker => blocker.Reason == BlockerReason.Nacked && blocker.Detail.Contains("Envoy cannot use"));
        Assert.Equal(1, (await host.TrustAsync()).Fleet.Nacked);

        await rotations.RollbackAsync("r1");
        fleet[0].Resume();
        await rotations.UntilOverAsync("r1");
        Assert.Equal(RotationState.RolledBack, (await rotations.GetAsync("r1")).State);
    }

    [Fact]
    public async Task A_held_rotation_takes_no_step_until_it_is_unheld()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(1);
        fleet[0].FallSilent();
        await rotations.StartAsync("r1");

        Rotation held = await rotations.HoldAsync("r1", "change freeze");
        Assert.Equal((true, "change freeze"), (held.Held, held.HoldReason));
        fleet[0].Resume();
        await AdminHost.UntilAsync("the proxy to prove the bundle", async () => (await host.TrustAsync()) is var trust && trust.Floor == trust.Epoch);
        RpcException error = await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G1SetSigner), StatusCode.FailedPrecondition, "HELD");
        Assert.Contains("change freeze", error.Status.Detail);
        await ErrorDetails.FailsAsync(
            rotations.AdvanceAsync("r1", GateCode.G1SetSigner, request => (request.ValidateOnly, request.Override) = (true, new GateOverride { Blockers = { "soak" } })), StatusCode.FailedPrecondition, "HELD");
        Assert.Equal(Phase.Distributing, (await rotations.GetAsync("r1")).Phase);

        await rotations.UnholdAsync("r1");
        await rotations.UntilOverAsync("r1");
    }

    [Trait("Rule", "E14.8")]
    [Fact]
    public async Task A_command_on_an_old_revision_changes_nothing_and_returns_the_state_as_it_is()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        long seen = await host.RevisionAsync();
        await rotations.StartManuallyAsync("r1");

        RpcException error = await ErrorDetails.FailsAsync(
            rotations.AdvanceAsync("r1", GateCode.G1SetSigner, request => request.ExpectedRevision = seen), StatusCode.Aborted, "REVISION_CHANGED");

        RevisionConflict conflict = error.Find<RevisionConflict>()!;
        Assert.Equal(seen, conflict.ExpectedRevision);
        Assert.Equal(await host.TrustAsync(), conflict.Current);
        Assert.Equal(Phase.Distributing, conflict.Current.Phase);
    }

    [Trait("Rule", "E14.8")]
    [Fact]
    public async Task Of_two_racing_operators_one_starts_and_the_other_leaves_nothing_behind()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(1);
        fleet[0].FallSilent();

        Task<StartRotationResponse>[] racers = [rotations.StartAsync("r1"), rotations.StartAsync("r2")];
        await Task.WhenAll(racers.Select(racer => racer.ContinueWith(_ => { }, TaskScheduler.Default)));

        Task<StartRotationResponse> winner = Assert.Single(racers, racer => racer.IsCompletedSuccessfully);
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => racers.Single(racer => racer != winner));
        Assert.Contains(error.StatusCode, new[] { StatusCode.Aborted, StatusCode.FailedPrecondition });
        Assert.Equal(2, (await host.StateAsync()).Authorities.Length);
        Assert.Equal((await winner).Rotation.Name, (await host.TrustAsync()).ActiveRotation);
    }

    [Fact]
    public async Task A_start_sent_again_starts_once_also_after_it_has_ended()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        Rotation first = (await rotations.StartManuallyAsync("r1")).Rotation;
        long revision = await host.RevisionAsync();

        StartRotationResponse same = await rotations.StartAsync("r1", request => (request.ExpectedRevision, request.Policy) = (1, RotationClient.ByHand()));
        Assert.True(same.StartedBefore);
        Assert.Empty(same.NotHeeded);
        StartRotationResponse other = await rotations.StartAsync("r1", request =>
        {
            request.Kind = RotationKind.Planned;
            request.Policy = new RotationPolicy { Waves = { new Wave { Proxies = 1 } }, WaveGate = new GatePolicy { Kind = GateKind.Ack }, DropGate = RotationClient.ByHand().DropGate };
        });
        Assert.Equal(["policy.waves", "policy.wave_gate"], other.NotHeeded);
        StartRotationResponse emergency = await rotations.StartAsync(
            "r1", request => (request.Kind, request.CompromisedAuthority, request.ValidateOnly) = (RotationKind.Emergency, first.ToAuthority, true));
        Assert.Equal((true, "kind, compromised_authority"), (emergency.StartedBefore, string.Join(", ", emergency.NotHeeded)));
        Rotation again = same.Rotation;
        Assert.Equal((first.Name, first.ToAuthority), (again.Name, again.ToAuthority));
        Assert.Equal(revision, await host.RevisionAsync());
        Assert.Equal(2, (await host.StateAsync()).Authorities.Length);
        string signer = (await host.TrustAsync()).Signer;
        await ErrorDetails.FailsAsync(rotations.StartAsync("r1", request => request.ToAuthority = signer), StatusCode.AlreadyExists, "REQUEST_ID_REUSED");

        await rotations.StepAsync("r1", GateCode.G1SetSigner);
        await rotations.StepAsync("r1", GateCode.G3DropTrust);
        await rotations.UntilOverAsync("r1");
        StartRotationResponse over = await rotations.StartAsync("r1");
        Assert.Equal((true, RotationState.Completed), (over.StartedBefore, over.Rotation.State));
        Assert.NotNull(over.Rotation.FinishTime);
        Assert.Equal(2, (await host.StateAsync()).Authorities.Length);
    }

    [Fact]
    public async Task A_start_that_died_after_its_root_was_made_takes_that_root_when_it_is_sent_again()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        string left = RotationStart.IdFor("r1");
        await host.CallAsync<CreateAuthorityRequest, Authority>(AuthorityService.Descriptor, "CreateAuthority", new CreateAuthorityRequest
        {
            Parent = AdminHost.Domain,
            ExpectedRevision = await host.RevisionAsync(),
            AuthorityId = left,
            BuiltInRoot = new NewAuthority(),
        });

        Rotation rotation = (await rotations.StartAsync("r1")).Rotation;

        Assert.Equal($"{AdminHost.Domain}/authorities/{left}", rotation.ToAuthority);
        Assert.Equal(2, (await host.StateAsync()).Authorities.Length);
    }

    [Fact]
    public async Task Another_start_is_refused_while_one_is_under_way()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await rotations.StartManuallyAsync("r1");

        RpcException error = await ErrorDetails.FailsAsync(rotations.StartAsync("r2"), StatusCode.FailedPrecondition, "ROTATION_ACTIVE");

        Assert.Contains("'r1'", error.Status.Detail);
        Assert.Equal(2, (await host.StateAsync()).Authorities.Length);
        Forecast forecast = (await rotations.StartAsync("r2", request => request.ValidateOnly = true)).Forecast;
        Assert.Equal(RefusalCode.RotationActive, forecast.Refusal.Code);
    }

    [Trait("Rule", "E14.9")]
    [Fact]
    public async Task A_root_that_is_not_fit_leaves_neither_authority_nor_key()
    {
        await using AdminHost host = await AdminHost.StartAsync(expectedPlanTime: TimeSpan.FromDays(5000));
        RotationClient rotations = new(host);

        RpcException error = await ErrorDetails.FailsAsync(rotations.StartAsync("r1"), StatusCode.FailedPrecondition, "CANDIDATE_UNFIT");

        Assert.NotEmpty(error.Find<Refusal>()!.Findings);
        Assert.Single((await host.StateAsync()).Authorities);
        string made = (await host.Store.ReadLogAsync("example.org", 0, 100, default)).Select(line => line.Entry.Action).Single(action => action.StartsWith("remove authority", StringComparison.Ordinal));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => host.Store.ReadKeyAsync("example.org", made.Split(' ')[^1], default));
    }

    [Fact]
    public async Task A_dry_run_forecasts_and_changes_nothing()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Rotation = new SdsServer.Hosting.RotationOptions { Waves = "100%" });
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        fleet[2].Leave();
        await AdminHost.UntilAsync("it to be away", async () => (await host.TrustAsync()).Fleet.Absent == 1);
        long revision = await host.RevisionAsync();

        StartRotationResponse response = await rotations.StartAsync("", request => request.ValidateOnly = true);

        Forecast forecast = response.Forecast;
        Assert.Null(forecast.Refusal);
        Assert.Equal(("", 3), (response.Rotation.Name, forecast.Leaves));
        Blocker absent = Assert.Single(forecast.Blockers);
        Assert.Equal((fleet[2].SpiffeId, BlockerReason.Absent), (absent.SpiffeId, absent.Reason));
        Assert.InRange(forecast.WorstAbsenceWait.ToTimeSpan(), TimeSpan.FromHours(23), TimeSpan.FromHours(25));
        Assert.Equal([Phase.Distributing, Phase.Issuing, Phase.Drained, Phase.Removing, Phase.Steady], forecast.Steps.Select(step => step.Phase));
        ForecastStep end = forecast.Steps[^1];
        // One that is away counts for a leaf's life, one that goes away just before its wave for another, and one just before the drop for a third.
        Assert.Equal([0, 24, 48, 48, 72], forecast.Steps.Select(step => Math.Round((step.WorstTime.ToDateTimeOffset() - step.EarliestTime.ToDateTimeOffset()).TotalHours)));
        Assert.Equal(revision, await host.RevisionAsync());
        Assert.Single((await host.StateAsync()).Authorities);
    }

    [Fact]
    public async Task A_root_that_would_expire_on_the_way_is_not_left_by_a_slow_plan()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Root.Lifetime = TimeSpan.FromDays(30));
        RotationClient rotations = new(host);
        void Slow(StartRotationRequest request)
        {
            request.NewAuthority.Lifetime = RotationClient.Days(365);
            request.Policy = new RotationPolicy { DropSoak = RotationClient.Days(31) };
        }

        RpcException error = await ErrorDetails.FailsAsync(rotations.StartAsync("r1", Slow), StatusCode.FailedPrecondition, "RUNWAY_TOO_SHORT");
        Assert.Matches("may take 3[1-9] days: shorten", error.Status.Detail);
        RpcException late = await ErrorDetails.FailsAsync(
            rotations.StartAsync("r1", request =>
            {
                request.NewAuthority.Lifetime = RotationClient.Days(365);
                request.Policy = new RotationPolicy { SignNotBefore = Timestamp.FromDateTime(new DateTime(2099, 1, 1, 0, 0, 0, DateTimeKind.Utc)) };
            }),
            StatusCode.FailedPrecondition, "RUNWAY_TOO_SHORT");
        Assert.Contains("days: sign_not_before 2099-01-01 00:00:00Z lies behind that", late.Status.Detail);
        Assert.Single((await host.StateAsync()).Authorities);

        await rotations.StartAsync("r1", request => request.NewAuthority.Lifetime = RotationClient.Days(365));
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_start_is_told_at_once()
    {
        await using AdminHost host = await AdminHost.StartAsync();

        RpcException error = await ErrorDetails.FailsAsync(
            host.CallAsync<StartRotationRequest, StartRotationResponse>(RotationService.Descriptor, "StartRotation", new StartRotationRequest
            {
                Parent = "example.org",
                RequestId = "Not An Id",
                Kind = RotationKind.Planned,
                CompromisedAuthority = "root-a",
                Policy = new RotationPolicy
                {
                    TrustGate = new GatePolicy { Kind = GateKind.Webhook },
                    WaveGate = new GatePolicy { Kind = GateKind.Time },
                    DropGate = new GatePolicy { Kind = GateKind.Ack, After = RotationClient.Days(1) },
                    AckTimeout = RotationClient.Days(1),
                    MaxInFlight = -1,
                    MaxSilentPercent = 101,
                    LeafLifetime = RotationClient.Days(2),
                    SignDeadline = new Google.Protobuf.WellKnownTypes.Duration(),
                    ForceAtDeadlines = true,
                    TrustSoak = new Google.Protobuf.WellKnownTypes.Duration { Seconds = -1 },
                    DropSoak = new Google.Protobuf.WellKnownTypes.Duration { Seconds = long.MaxValue },
                    Waves =
                    {
                        new Wave { Proxies = -1 }, new Wave { Percent = 100 }, new Wave(), new Wave { Selector = new WaveSelector() },
                        new Wave { Selector = new WaveSelector { PathPrefix = "ns/shop" } },
                    },
                },
                Reason = "two\nlines",
            }),
            StatusCode.InvalidArgument,
            "INVALID_REQUEST");

        Assert.Equal(
            [
                "compromised_authority", "compromised_authority", "expected_revision", "parent", "policy.ack_timeout", "policy.drop_gate.after", "policy.drop_soak",
                "policy.force_at_deadlines", "policy.leaf_lifetime", "policy.max_in_flight", "policy.max_silent_percent", "policy.sign_deadline", "policy.trust_gate.kind",
                "policy.trust_soak", "policy.wave_gate.after", "policy.waves[0]", "policy.waves[1]", "policy.waves[2]", "policy.waves[3].selector",
                "policy.waves[4].selector.path_prefix", "reason", "request_id", "target",
            ],
            error.WrongFields().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_policy_is_kept_as_it_was_given_and_the_rest_takes_the_settings()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Rotation = new SdsServer.Hosting.RotationOptions
        {
            WaveGate = "Approval", DropGate = "Time=00:30:00", Waves = "1,path=/ns/shop+label:tier=web,50%", MaxSilentPercent = 20, AutomaticRollback = true,
        });
        RotationClient rotations = new(host);

        RotationPolicy policy = (await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy
        {
            TrustGate = new GatePolicy { Kind = GateKind.Approval },
            DropSoak = RotationClient.Days(1),
            MaxConnectionAge = RotationClient.Days(2),
            CanarySoak = RotationClient.Days(3),
            AutomaticRollback = false,
            MaxInFlight = 1,
            Evidence = LeafEvidence.EnvoyAdmin,
            LeafLifetime = RotationClient.Days(1),
        })).Rotation.Policy;

        Assert.Equal((GateKind.Approval, GateKind.Approval, GateKind.Time), (policy.TrustGate.Kind, policy.WaveGate.Kind, policy.DropGate.Kind));
        Assert.Equal(TimeSpan.FromMinutes(30), policy.DropGate.After.ToTimeSpan());
        Assert.Equal([1, 2, 3], new[] { policy.DropSoak, policy.MaxConnectionAge, policy.CanarySoak }.Select(wait => (int)wait.ToTimeSpan().TotalDays));
        Assert.Equal(TimeSpan.FromMinutes(5), policy.WaveSoak.ToTimeSpan());
        Assert.Equal(RotationClient.Days(2), policy.GateDeadline);
        Assert.Equal((1, 20, false, LeafEvidence.EnvoyAdmin), (policy.MaxInFlight, policy.MaxSilentPercent, policy.AutomaticRollback, policy.Evidence));
        Assert.Equal((1, 50), (policy.Waves[0].Proxies, policy.Waves[2].Percent));
        Assert.Equal(("/ns/shop", "web"), (policy.Waves[1].Selector.PathPrefix, policy.Waves[1].Selector.Labels["tier"]));
    }

    [Fact]
    public async Task Rotations_are_listed_newest_first_by_state_in_pages()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        foreach (string id in (string[])["r1", "r2", "r3"])
        {
            await rotations.StartAsync(id);
            await rotations.UntilOverAsync(id);
        }

        await rotations.StartManuallyAsync("r4");
        ListRotationsRequest request = new() { Parent = AdminHost.Domain, PageSize = 2 };
        List<string> names = [];
        do
        {
            ListRotationsResponse page = await ListAsync(request);
            names.AddRange(page.Rotations.Select(rotation => rotation.Name));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(["r4", "r3", "r2", "r1"], names.Select(name => name.Split('/')[^1]));
        Assert.Equal(3, (await ListAsync(new ListRotationsRequest { Parent = AdminHost.Domain, States = { RotationState.Completed } })).Rotations.Count);

        Task<ListRotationsResponse> ListAsync(ListRotationsRequest list) =>
            host.CallAsync<ListRotationsRequest, ListRotationsResponse>(RotationService.Descriptor, "ListRotations", list);
    }
}
