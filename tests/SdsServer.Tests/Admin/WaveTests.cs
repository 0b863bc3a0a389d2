using System.Collections.Immutable;
using SdsServer.Core.Rotation;
using SdsServer.Protos.Admin.V1;
using AuditEntry = SdsServer.Protos.Admin.V1.AuditEntry;
using Blocker = SdsServer.Protos.Admin.V1.Blocker;
using BlockerReason = SdsServer.Protos.Admin.V1.BlockerReason;
using GateKind = SdsServer.Protos.Admin.V1.GateKind;
using GatePolicy = SdsServer.Protos.Admin.V1.GatePolicy;
using HoldCause = SdsServer.Protos.Admin.V1.HoldCause;
using Refusal = SdsServer.Protos.Admin.V1.Refusal;
using RotationPolicy = SdsServer.Protos.Admin.V1.RotationPolicy;
using StatusCode = SdsServer.Grpc.StatusCode;
using Wave = SdsServer.Protos.Admin.V1.Wave;
using WaveSelector = SdsServer.Protos.Admin.V1.WaveSelector;

namespace SdsServer.Tests.Admin;

public sealed class WaveTests
{
    private static readonly GatePolicy Approval = new() { Kind = GateKind.Approval };

    [Fact]
    public async Task Waves_reach_one_then_those_selected_then_the_rest_and_each_is_told()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(8);
        ScriptedProxy[] shop =
        [
            .. Enumerable.Range(0, 2).Select(number => new ScriptedProxy(
                host.Loop, $"shop-{number}", traits: ProxyTraits.Of($"spiffe://example.org/shop-{number}", "web", ImmutableSortedDictionary<string, string>.Empty.Add("tier", "web")))),
        ];
        await AdminHost.UntilAsync("the shop to have leaves", () => shop.All(proxy => proxy.Leaf is not null));
        string[] before = Leaves(shop);

        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy
        {
            WaveGate = Approval,
            Waves = { new Wave { Proxies = 1 }, new Wave { Selector = new WaveSelector { Cluster = "web", Labels = { ["tier"] = "web" } } }, new Wave { Percent = 50 } },
        });

        Rotation first = await AtWaveAsync(rotations, 1);
        Assert.Equal((1, 4, 1, 1, 10), (first.Waves.Index, first.Waves.Count, first.Waves.Assigned, first.Waves.Proven, first.Waves.Total));
        Assert.Equal([true, false, false, false], first.Waves.Parts.Select(part => part.Begun));
        Assert.Equal(10, first.Waves.Parts.Sum(part => part.Proxies));
        Assert.Equal((1, "web"), (first.Waves.Parts[0].Proxies, first.Waves.Parts[1].Wave.Selector.Cluster));
        Assert.Null(first.Waves.Parts[3].Wave);
        Assert.Contains("wave 2 of 4", first.Gate.NextStep);
        Assert.Equal(1, new[] { fleet, shop }.SelectMany(some => some).Count(proxy => IsOnNewRoot(host, proxy, first)));

        await rotations.AdvanceAsync("r1", GateCode.G2NextWave);
        Rotation second = await AtWaveAsync(rotations, 2);
        Assert.DoesNotContain(shop, proxy => before.Contains(proxy.Leaf));
        Assert.Equal(second.Waves.Assigned, second.Waves.Parts.Where(part => part.Begun).Sum(part => part.Proxies));

        await rotations.AdvanceAsync("r1", GateCode.G2NextWave);
        Rotation third = await AtWaveAsync(rotations, 3);
        Assert.Equal(5, third.Waves.Assigned);
        ListInstancesResponse instances = await host.CallAsync<ListInstancesRequest, ListInstancesResponse>(
            SdsServer.Admin.FleetService.Descriptor, "ListInstances", new ListInstancesRequest { Parent = AdminHost.Domain });
        Assert.Equal(third.Waves.Parts.Select(part => part.Proxies), Enumerable.Range(1, 4).Select(wave => instances.Instances.Count(instance => instance.Wave == wave)));
        Assert.Equal("web", instances.Instances.Single(instance => instance.NodeId == "shop-0").Labels["tier"]);

        await rotations.AdvanceAsync("r1", GateCode.G2NextWave);
        await rotations.UntilOverAsync("r1");
        Rotation over = await rotations.GetAsync("r1");
        Assert.Equal(RotationState.Completed, over.State);
        Assert.Equal(
            [(Phase.Distributing, 0), (Phase.Issuing, 1), (Phase.Issuing, 2), (Phase.Issuing, 3), (Phase.Issuing, 4), (Phase.Removing, 0), (Phase.Steady, 0)],
            over.Steps.Select(step => (step.Phase, step.Wave)));
    }

    [Fact]
    public async Task A_refusal_in_the_canary_halts_it_is_shown_in_its_wave_and_is_passed_over_only_by_name()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Fleet = options.Fleet with { NackBackoff = TimeSpan.FromMinutes(5) });
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(4);
        Array.ForEach(fleet, proxy => proxy.RefuseLeaves("certificate has a key Envoy cannot use"));
        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy { Waves = { new Wave { Proxies = 1 } }, CanarySoak = RotationClient.Days(1) });

        await rotations.UntilAsync("r1", "the refusal to hold it", rotation => rotation.HoldCause == HoldCause.Nack);
        Rotation held = await rotations.GetAsync("r1");
        Assert.Equal((1, 1, 0), (held.Waves.Nacked, held.Waves.Parts[0].Nacked, held.Waves.Parts[0].Proven));
        Assert.Equal(0, held.Waves.Parts[1].Nacked);
        await rotations.UnholdAsync("r1", HoldCause.Nack);

        Rotation shut = await rotations.GetAsync("r1");
        Blocker blocker = Assert.Single(shut.Gate.Refusal.Blockers);
        Assert.Equal((GateCode.G2NextWave, BlockerReason.Nacked, true), (shut.Gate.Code, blocker.Reason, blocker.Overridable));
        await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G2NextWave), StatusCode.FailedPrecondition, "GATE_CLOSED");
        await ErrorDetails.FailsAsync(
            rotations.AdvanceAsync("r1", GateCode.G2NextWave, request => Name(request, "soak", validateOnly: true)), StatusCode.FailedPrecondition, "OVERRIDE_NOT_POSSIBLE");
        await rotations.AdvanceAsync("r1", GateCode.G2NextWave, request => Name(request, blocker.Subject, validateOnly: true));
        Assert.Equal(1, (await rotations.GetAsync("r1")).Waves.Index);

        Array.ForEach(fleet, proxy => proxy.Resume());
        await rotations.AdvanceAsync("r1", GateCode.G2NextWave, request => Name(request, blocker.Subject));
        await AdminHost.UntilAsync("the override to be in the log", async () => (await EntriesAsync(host)).Any(entry => entry.Action == "OverrideGate" && entry.Detail.Contains("pass over 1 blockers of gate G2")));
    }

    [Fact]
    public async Task A_running_soak_is_passed_over_by_its_name()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(3);
        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy { Waves = { new Wave { Proxies = 1 } }, CanarySoak = RotationClient.Days(1) });
        await rotations.UntilAsync("r1", "the canary to soak", rotation => rotation.Gate is { Code: GateCode.G2NextWave, Refusal.Blockers: [{ Reason: BlockerReason.Soak, Overridable: true }] });
        Rotation soaking = await rotations.GetAsync("r1");
        Assert.NotNull(soaking.EstimatedFinishTime);

        await rotations.AdvanceAsync("r1", GateCode.G2NextWave, request => Name(request, "soak"));
        await rotations.UntilOverAsync("r1");

        Rotation over = await rotations.GetAsync("r1");
        Assert.Equal([1, 2], over.Steps.Where(step => step.Phase == Phase.Issuing).Select(step => step.Wave));
        Assert.Contains(over.Decisions, decision => decision is { Actor: not "engine" } && decision.What.Contains("passing over 1 blockers of gate G2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Too_many_silent_proxies_hold_it_until_they_answer()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Fleet = options.Fleet with { AckTimeout = TimeSpan.FromMilliseconds(100) });
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(2);
        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy { TrustGate = Approval, MaxSilentPercent = 10 });
        await rotations.UntilAsync("r1", "G1 to open", rotation => rotation.Gate.AwaitingApproval);
        fleet[0].FallSilent();
        await rotations.AdvanceAsync("r1", GateCode.G1SetSigner);

        await rotations.UntilAsync("r1", "the silence to hold it", rotation => rotation.HoldCause == HoldCause.Silent);
        Rotation held = await rotations.GetAsync("r1");
        Assert.Equal((1, 1), (held.Waves.Silent, held.Waves.Parts[0].Silent));

        fleet[0].Resume();
        await rotations.UntilOverAsync("r1");
        Assert.Equal(RotationState.Completed, (await rotations.GetAsync("r1")).State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_selector_that_reaches_nobody_is_told(bool dry)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(2);

        Forecast forecast = (await rotations.StartAsync("r1", request => (request.ValidateOnly, request.Policy) = (dry, new RotationPolicy
        {
            Waves = { new Wave { Selector = new WaveSelector { Namespace = "shpo" } }, new Wave { Percent = 99 }, new Wave { Selector = new WaveSelector { PathPrefix = "/svc-00" } } },
        }))).Forecast;

        ForecastStep[] issuing = [.. forecast.Steps.Where(step => step.Phase == Phase.Issuing)];
        Assert.Equal([(1, 0), (2, 2), (3, 0)], issuing.Select(step => (step.Wave, step.Proxies)));
        Assert.Equal([GateCode.Unspecified, GateCode.G1SetSigner, GateCode.Unspecified], issuing.Select(step => step.Gate));
        Assert.Null(issuing[0].EarliestTime ?? issuing[0].WorstTime ?? issuing[2].EarliestTime ?? issuing[2].WorstTime);
        Assert.Contains(forecast.Warnings, warning => warning.StartsWith("wave 1 reaches nobody: no known proxy matches its selector", StringComparison.Ordinal));
        Assert.Contains(forecast.Warnings, warning => warning.StartsWith("wave 3 reaches nobody: whom it selects", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dry_run_tells_each_wave_how_many_it_reaches_who_opens_it_and_when()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(20);

        Forecast forecast = (await rotations.StartAsync("", request =>
        {
            request.ValidateOnly = true;
            request.Policy = new RotationPolicy
            {
                Waves = { new Wave { Proxies = 1 }, new Wave { Percent = 1 }, new Wave { Percent = 10 }, new Wave { Percent = 50 } },
                TrustSoak = Minutes(10),
                CanarySoak = Minutes(15),
                WaveSoak = Minutes(5),
                DropSoak = Minutes(60),
                WaveGate = new GatePolicy { Kind = GateKind.Time, After = Minutes(7) },
                DropGate = Approval,
            };
        })).Forecast;

        ForecastStep[] issuing = [.. forecast.Steps.Where(step => step.Phase == Phase.Issuing)];

        // 1 % of 20 is the canary again: that wave reaches nobody and is passed over.
        Assert.Equal([(1, 1), (3, 1), (4, 8), (5, 10)], issuing.Select(step => (step.Wave, step.Proxies)));
        Assert.Equal([GateCode.G1SetSigner, GateCode.G2NextWave, GateCode.G2NextWave, GateCode.G2NextWave], issuing.Select(step => step.Gate));
        DateTimeOffset start = forecast.Steps[0].EarliestTime.ToDateTimeOffset();
        Assert.Equal([10, 17, 24, 31], issuing.Select(step => (step.EarliestTime.ToDateTimeOffset() - start).TotalMinutes));
        Assert.InRange(issuing[0].WorstTime.ToDateTimeOffset() - start, TimeSpan.FromHours(24), TimeSpan.FromHours(25));
        ForecastStep removing = forecast.Steps.Single(step => step.Phase == Phase.Removing);
        Assert.Equal((GateKind.Approval, null, null), (removing.OpenedBy.Kind, removing.EarliestTime, removing.WorstTime));
        Assert.Contains(forecast.Warnings, warning => warning.StartsWith("unsafe: between waves", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_runway_that_is_too_short_is_told_before_the_start_and_the_emergency_is_offered_by_name()
    {
        await using AdminHost host = await AdminHost.StartAsync(options => options.Root.Lifetime = TimeSpan.FromDays(5));
        RotationClient rotations = new(host);
        await host.EnrolAsync(1);
        string signer = (await host.StateAsync()).Signer;

        // Three days of waits, a day for who is away now, a day for who goes away before its wave: a little more than five.
        RotationPolicy slow = new() { DropSoak = RotationClient.Days(3) };
        Refusal refusal = await RefusalAsync(slow);
        RotationPolicy squeezed = slow.Clone();
        squeezed.LeafLifetime = Minutes(60);

        Assert.Equal(RefusalCode.RunwayTooShort, refusal.Code);
        Assert.Contains($"kind EMERGENCY with compromised_authority '{signer}'", refusal.Message);
        Assert.Null(await RefusalAsync(squeezed));

        async Task<Refusal> RefusalAsync(RotationPolicy policy) => (await rotations.StartAsync("", request =>
        {
            (request.ValidateOnly, request.Policy) = (true, policy);
            request.NewAuthority.Lifetime = RotationClient.Days(400);
        })).Forecast.Refusal;
    }

    private static Google.Protobuf.WellKnownTypes.Duration Minutes(int minutes) => Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromMinutes(minutes));

    private static string[] Leaves(ScriptedProxy[] fleet) => [.. fleet.Select(proxy => proxy.Leaf!)];

    private static bool IsOnNewRoot(AdminHost host, ScriptedProxy proxy, Rotation rotation) => host.Loop
        .ReadAsync(engine => engine.Instances().Single(instance => instance.Key.SpiffeId == proxy.SpiffeId), default).GetAwaiter().GetResult()
        .Outstanding.All(leaf => rotation.ToAuthority.EndsWith($"/{leaf.AuthorityId}", StringComparison.Ordinal));

    private static async Task<Rotation> AtWaveAsync(RotationClient rotations, int wave)
    {
        await rotations.UntilAsync("r1", $"wave {wave} to wait for approval", rotation => rotation.Gate is { Code: GateCode.G2NextWave, AwaitingApproval: true } && rotation.Waves.Index == wave);
        return await rotations.GetAsync("r1");
    }

    private static void Name(AdvanceRotationRequest request, string blocker, bool validateOnly = false) =>
        (request.Override, request.ValidateOnly) = (new GateOverride { Blockers = { blocker } }, validateOnly);

    private static async Task<IReadOnlyList<AuditEntry>> EntriesAsync(AdminHost host) => (await host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(
        SdsServer.Admin.AuditService.Descriptor, "ListAuditEntries", new ListAuditEntriesRequest { Parent = AdminHost.Domain })).AuditEntries;
}
