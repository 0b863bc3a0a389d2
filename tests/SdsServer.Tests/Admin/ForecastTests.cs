using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Hosting;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

/// <summary>What a dry run says of times and blockers: nothing that the rotation itself would not keep.</summary>
public sealed class ForecastTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromDays(7);

    [Fact]
    public async Task Proxies_without_the_new_anchor_are_named_and_the_grace_counts_in_the_worst_case()
    {
        await using AdminHost host = await OwnServingAsync();
        RotationClient rotations = new(host);
        Authority next = await MakeAsync(host);
        ScriptedProxy lacking = await EnrolAsync(host, "lacking");
        await EnrolAsync(host, "knowing", next.RootId);

        Forecast forecast = await RehearseAsync(rotations, next);

        Blocker blocker = Assert.Single(forecast.Blockers);
        Assert.Equal((lacking.SpiffeId, BlockerReason.MissingAnchor), (blocker.SpiffeId, blocker.Reason));
        Assert.Equal((BlockerReason.MissingAnchor, 1), (forecast.BlockerCounts.Single().Reason, forecast.BlockerCounts.Single().Count));
        ForecastStep issuing = forecast.Steps.Single(step => step.Phase == Phase.Issuing);
        Assert.Equal(issuing.WorstTime.ToDateTimeOffset() + Grace, blocker.Until.ToDateTimeOffset());
        Assert.Equal(blocker.Until, forecast.Steps.Single(step => step.Phase == Phase.Removing).WorstTime);

        // The real one waits for the same proxy, for as long at most.
        await rotations.StartAsync("r1", request => request.ToAuthority = next.Name);
        await rotations.UntilAsync("r1", "the certificate to wait", rotation => rotation.Gate?.Refusal?.Blockers is [{ Reason: BlockerReason.MissingAnchor, Until: not null }]);
        Blocker real = (await rotations.GetAsync("r1")).Gate.Refusal.Blockers.Single();
        Assert.Equal((lacking.SpiffeId, true), (real.SpiffeId, real.Until.ToDateTimeOffset() <= blocker.Until.ToDateTimeOffset()));
    }

    [Fact]
    public async Task A_root_that_is_not_made_yet_is_in_nobodys_anchors()
    {
        await using AdminHost host = await OwnServingAsync();
        await EnrolAsync(host, "svc", (await host.StateAsync()).Bundle[0]);

        Forecast forecast = (await new RotationClient(host).StartAsync("", request => request.ValidateOnly = true)).Forecast;

        Assert.Equal(BlockerReason.MissingAnchor, Assert.Single(forecast.Blockers).Reason);
        Assert.Contains("make the root first (sdsctl root create)", forecast.Blockers[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_knows_the_new_root_makes_no_grace_count()
    {
        await using AdminHost host = await OwnServingAsync();
        Authority next = await MakeAsync(host);
        await EnrolAsync(host, "knowing", next.RootId);

        Forecast forecast = await RehearseAsync(new RotationClient(host), next);

        Assert.Empty(forecast.Blockers);
        Assert.InRange(forecast.Steps[^1].WorstTime.ToDateTimeOffset() - forecast.Steps[0].EarliestTime.ToDateTimeOffset(), TimeSpan.FromHours(71), TimeSpan.FromHours(73));
    }

    [Fact]
    public async Task The_grace_refuses_no_start_but_is_told_where_the_old_root_ends_before_it()
    {
        await using AdminHost host = await OwnServingAsync(options => options.Root.Lifetime = TimeSpan.FromDays(5));
        await EnrolAsync(host, "lacking");

        Forecast forecast = (await new RotationClient(host).StartAsync("", request => (request.ValidateOnly, request.NewAuthority.Lifetime) = (true, RotationClient.Days(365)))).Forecast;

        Assert.Null(forecast.Refusal);
        Assert.Contains(forecast.Warnings, warning => warning.Contains("has expired: give them the anchors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_emergency_waits_for_no_anchors_and_says_who_loses_its_link()
    {
        await using AdminHost host = await OwnServingAsync();
        await EnrolAsync(host, "lacking");

        Forecast forecast = (await new RotationClient(host).StartAsync("", request => (request.ValidateOnly, request.Kind) = (true, RotationKind.Emergency))).Forecast;

        Assert.Empty(forecast.Blockers);
        Assert.Contains(forecast.Warnings, warning => warning.Contains("lose their link to this server, until their anchors hold the new root: 1 proxy (lacking)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_a_deadline_would_hold_it_no_latest_time_is_promised()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.EnrolAsync(1);

        Forecast forecast = (await new RotationClient(host).StartAsync("", request => (request.ValidateOnly, request.Policy) =
            (true, new RotationPolicy { GateDeadline = Duration.FromTimeSpan(TimeSpan.FromHours(1)) }))).Forecast;

        Assert.All(forecast.Steps.Skip(1), step => Assert.Null(step.WorstTime));
        Assert.Contains(forecast.Warnings, warning => warning.Contains("gate_deadline (60 minutes)", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, false, 1, null)]
    [InlineData(1, true, 1, 2)]
    [InlineData(10, false, 10, null)]
    [InlineData(10, true, 2, 2)]
    public async Task An_emergency_that_may_not_sign_before_a_time_is_forecast_so(int notBefore, bool force, int earliest, int? worst)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.EnrolAsync(1);
        DateTimeOffset now = DateTimeOffset.UtcNow;

        Forecast forecast = (await new RotationClient(host).StartAsync("", request => (request.ValidateOnly, request.Kind, request.Policy) = (true, RotationKind.Emergency, new RotationPolicy
        {
            SignNotBefore = Timestamp.FromDateTimeOffset(now + TimeSpan.FromMinutes(notBefore)),
            ForceAtDeadlines = force,
        }))).Forecast;

        ForecastStep issuing = forecast.Steps.Single(step => step.Phase == Phase.Issuing);
        Assert.Equal(earliest, Math.Round((issuing.EarliestTime.ToDateTimeOffset() - now).TotalMinutes));
        Assert.Equal(worst, issuing.WorstTime is { } latest ? (int?)Math.Round((latest.ToDateTimeOffset() - now).TotalMinutes) : null);
        Assert.All(forecast.Steps, step => Assert.True(step.EarliestTime <= (step.WorstTime ?? step.EarliestTime)));
        Assert.Equal(notBefore > 2, forecast.Warnings.Any(warning => warning.Contains("lies behind sign_deadline", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_new_root_that_would_not_be_fit_is_told_before_it_is_made()
    {
        await using AdminHost host = await AdminHost.StartAsync(expectedPlanTime: TimeSpan.FromDays(5000));
        RotationClient rotations = new(host);

        Refusal dry = (await rotations.StartAsync("", request => request.ValidateOnly = true)).Forecast.Refusal;
        Refusal real = (await ErrorDetails.FailsAsync(rotations.StartAsync("r1"), StatusCode.FailedPrecondition, "CANDIDATE_UNFIT")).Find<Refusal>()!;

        Assert.Equal((real.Code, real.Gate, real.Findings.Count), (dry.Code, dry.Gate, dry.Findings.Count));
        Assert.StartsWith("the new root is not fit: ", dry.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_intermediate_whose_root_has_no_key_is_told_before_it_is_made()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        string root = (await host.StateAsync()).Signer;
        await host.Store.DeleteKeyAsync("example.org", (await host.StateAsync()).Term, root, default);
        host.Forget(root);
        void New(StartRotationRequest request) => request.Kind = RotationKind.Intermediate;

        Refusal dry = (await rotations.StartAsync("", request => { New(request); request.ValidateOnly = true; })).Forecast.Refusal;
        Refusal real = (await ErrorDetails.FailsAsync(rotations.StartAsync("r1", New), StatusCode.FailedPrecondition, "CANDIDATE_UNFIT")).Find<Refusal>()!;

        Assert.Equal(real, dry);
    }

    [Fact]
    public async Task A_bundle_that_is_full_refuses_a_rehearsed_emergency_as_it_does_the_real_one()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(1);
        Rotation running = (await rotations.StartManuallyAsync("r1")).Rotation;
        void NewRootStolen(StartRotationRequest request) => (request.Kind, request.CompromisedAuthority) = (RotationKind.Emergency, running.ToAuthority);

        Refusal dry = (await rotations.StartAsync("", request => { NewRootStolen(request); request.ValidateOnly = true; })).Forecast.Refusal;
        Refusal real = (await ErrorDetails.FailsAsync(rotations.StartAsync("e1", NewRootStolen), StatusCode.FailedPrecondition, "TOO_MANY_ROOTS")).Find<Refusal>()!;

        Assert.Equal(real, dry);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_step_that_is_held_is_refused_alike_in_a_dry_run(bool manual)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(2);
        if (!manual)
        {
            fleet[0].FallSilent();
        }

        await rotations.StartAsync("r1", request => request.Policy = RotationClient.ByHand());
        await rotations.UntilAsync("r1", "the others to answer", rotation => rotation.Gate.Open == manual && (manual || rotation.Gate.Refusal.Blockers.Count == 1));
        await rotations.HoldAsync("r1", "change freeze");

        Refusal dry = (await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G1SetSigner, request => request.ValidateOnly = true), StatusCode.FailedPrecondition, "HELD")).Find<Refusal>()!;
        Refusal real = (await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G1SetSigner), StatusCode.FailedPrecondition, "HELD")).Find<Refusal>()!;

        Assert.Equal(real, dry);
        Assert.Equal(real.Blockers, (await rotations.GetAsync("r1")).Gate.Refusal.Blockers);
    }

    private static Task<AdminHost> OwnServingAsync(Action<ServerOptions>? change = null) => AdminHost.StartAsync(options =>
    {
        (options.Xds.Tcp, options.Dev) = ("127.0.0.1:8443", true);
        options.Xds.ServingNames.Add("sds.example.org");
        options.Fleet = options.Fleet with { BootstrapGrace = Grace };
        change?.Invoke(options);
    });

    private static async Task<Authority> MakeAsync(AdminHost host) => await host.CallAsync<CreateAuthorityRequest, Authority>(
        AuthorityService.Descriptor, "CreateAuthority",
        new CreateAuthorityRequest { Parent = AdminHost.Domain, ExpectedRevision = await host.RevisionAsync(), AuthorityId = "next", BuiltInRoot = new NewAuthority() });

    private static async Task<ScriptedProxy> EnrolAsync(AdminHost host, string name, params string[] anchors)
    {
        ScriptedProxy proxy = new(host.Loop, name, anchors: anchors);
        await AdminHost.UntilAsync($"{name} to have a leaf", () => proxy.Leaf is not null);
        return proxy;
    }

    private static async Task<Forecast> RehearseAsync(RotationClient rotations, Authority next) =>
        (await rotations.StartAsync("", request => (request.ValidateOnly, request.ToAuthority) = (true, next.Name))).Forecast;
}
