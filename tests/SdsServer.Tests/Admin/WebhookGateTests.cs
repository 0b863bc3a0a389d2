using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Tests.Hosting;
using GateKind = SdsServer.Protos.Admin.V1.GateKind;
using GatePolicy = SdsServer.Protos.Admin.V1.GatePolicy;
using Gate = SdsServer.Protos.Admin.V1.Gate;
using HoldCause = SdsServer.Protos.Admin.V1.HoldCause;
using LeafEvidence = SdsServer.Protos.Admin.V1.LeafEvidence;
using StatusCode = SdsServer.Grpc.StatusCode;
using RotationPolicy = SdsServer.Protos.Admin.V1.RotationPolicy;
using Wave = SdsServer.Protos.Admin.V1.Wave;

namespace SdsServer.Tests.Admin;

/// <summary>Who is asked outside: the webhook before a step, an Envoy's admin after one; with real HTTP.</summary>
public sealed class WebhookGateTests
{
    private static readonly GatePolicy Webhook = new() { Kind = GateKind.Webhook };

    [Fact]
    public async Task A_step_waits_for_the_webhook_a_no_holds_it_and_a_yes_takes_it()
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        string verdict = "wait";
        web.Answer = () => (200, $$"""{"verdict": "{{verdict}}", "reason": "error rate 3 %"}""");
        await using AdminHost host = await AdminHost.StartAsync(options =>
        {
            options.RotationWebhook = web.Address.ToString();
            options.Fleet = options.Fleet with { AskAgain = TimeSpan.FromMilliseconds(50) };
        });
        RotationClient rotations = new(host);
        await host.EnrolAsync(3);
        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy { WaveGate = Webhook, Waves = { new Wave { Proxies = 1 } } });

        await rotations.UntilAsync("r1", "the webhook to be waited for", rotation =>
            rotation.Gate is { Code: GateCode.G2NextWave, Open: true, AwaitingWebhook: true, Refusal.Blockers: [{ Detail: "the webhook says: error rate 3 %" }] });
        Assert.Contains(web.Requests, asked => asked.Contains("\"rotation\":\"r1\",\"gate\":\"G2\",\"wave\":2", StringComparison.Ordinal));
        verdict = "deny";
        await rotations.UntilAsync("r1", "the webhook's no to hold it", rotation => rotation.HoldCause == HoldCause.Webhook);
        Assert.Contains("error rate 3 %", (await rotations.GetAsync("r1")).HoldReason);
        verdict = "allow";
        await rotations.UnholdAsync("r1", HoldCause.Webhook);
        await rotations.UntilOverAsync("r1");
        Assert.Equal(RotationState.Completed, (await rotations.GetAsync("r1")).State);
    }

    [Fact]
    public async Task The_no_of_a_webhook_that_always_denies_is_passed_over_in_one_command()
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.Answer = () => (200, """{"verdict": "deny", "reason": "error rate 4 %"}""");
        await using AdminHost host = await AdminHost.StartAsync(options =>
        {
            options.RotationWebhook = web.Address.ToString();
            options.Fleet = options.Fleet with { AskAgain = TimeSpan.FromMilliseconds(50) };
        });
        RotationClient rotations = new(host);
        await host.EnrolAsync(3);
        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy { WaveGate = Webhook, Waves = { new Wave { Proxies = 1 } } });
        await rotations.UntilAsync("r1", "the webhook's no to hold it", rotation => rotation.HoldCause == HoldCause.Webhook);
        Gate gate = (await rotations.GetAsync("r1")).Gate;
        Assert.Equal((true, "the webhook said no: error rate 4 %"), (gate.Refusal.Blockers.Single().Overridable, gate.Refusal.Blockers.Single().Detail));
        Assert.Single(gate.Refusal.OverrideBreaks);

        RpcException plain = await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G2NextWave), StatusCode.FailedPrecondition, "HELD");
        Assert.Contains("pass over its no by the name 'webhook'", plain.Status.Detail, StringComparison.Ordinal);
        await rotations.AdvanceAsync("r1", GateCode.G2NextWave, request => request.Override = new GateOverride { Blockers = { "webhook" } });
        await rotations.UntilOverAsync("r1");
        Assert.Equal(RotationState.Completed, (await rotations.GetAsync("r1")).State);
    }

    [Fact]
    public async Task A_question_that_breaks_inside_the_server_is_logged_and_asked_again()
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.Answer = () => (200, """{"verdict": "allow"}""");
        BrokenTimers time = new();
        await using AdminHost host = await AdminHost.StartAsync(
            options =>
            {
                options.RotationWebhook = web.Address.ToString();
                options.Fleet = options.Fleet with { AskAgain = TimeSpan.FromMilliseconds(50) };
            },
            time: time);
        RotationClient rotations = new(host);
        await host.EnrolAsync(1);
        time.Broken = true;
        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy { TrustGate = Webhook });

        await rotations.UntilAsync("r1", "the fault to be told", rotation => rotation.Gate is { Refusal.Blockers: [{ Detail: "the webhook says: this server could not ask: see its log" }] });
        Assert.Contains(host.Log.Lines, line => line.Id == 4103 && line.Text.Contains("no timer", StringComparison.Ordinal));
        time.Broken = false;
        await rotations.UntilOverAsync("r1");
        Assert.Equal(RotationState.Completed, (await rotations.GetAsync("r1")).State);
    }

    [Fact]
    public async Task A_rotation_that_waits_for_a_webhook_says_so_when_the_next_server_has_none()
    {
        SimulatedDisk disk = new();
        await using (AdminHost host = await AdminHost.StartAsync(options => options.RotationWebhook = "http://127.0.0.1:9/", disk: disk))
        {
            await new RotationClient(host).StartAsync("r1", request => request.Policy = new RotationPolicy { TrustGate = Webhook });
        }

        await using AdminHost next = await AdminHost.StartAsync(disk: disk);

        await new RotationClient(next).UntilAsync("r1", "the lack of a webhook to be told", rotation =>
            rotation.Gate is { Refusal.Blockers: [{ Detail: "the webhook says: this server has none to ask: set SdsServer:RotationWebhook" }] });
    }

    [Fact]
    public async Task A_wave_is_proven_only_when_the_Envoys_own_admin_shows_the_leaf()
    {
        await using LocalWeb admin = await LocalWeb.StartAsync();
        ScriptedProxy? proxy = null;
        bool shows = false;
        admin.Answer = () => (200, $$"""{"certificates":[{"cert_chain":[{"serial_number":"{{(shows ? proxy!.Leaf : "00")}}"}]}]}""");
        await using AdminHost host = await AdminHost.StartAsync(options => options.Fleet = options.Fleet with { AskAgain = TimeSpan.FromMilliseconds(50) });
        RotationClient rotations = new(host);
        proxy = new ScriptedProxy(host.Loop, "svc-00", traits: ProxyTraits.Of("spiffe://example.org/svc-00"), admin: admin.Address);
        await AdminHost.UntilAsync("it to have a leaf", () => proxy.Leaf is not null);
        await rotations.StartAsync("r1", request => request.Policy = new RotationPolicy
        {
            Evidence = LeafEvidence.EnvoyAdmin,
            WaveGate = new GatePolicy { Kind = GateKind.Approval },
            Waves = { new Wave { Proxies = 1 } },
        });

        await rotations.UntilAsync("r1", "its admin to be asked", rotation =>
            rotation.Gate is { Code: GateCode.G2NextWave, Refusal.Blockers: [{ Detail: var detail }] } && detail.Contains("shows other certificates", StringComparison.Ordinal));
        Assert.Equal(0, (await rotations.GetAsync("r1")).Waves.Proven);
        shows = true;
        await rotations.StepAsync("r1", GateCode.G2NextWave);
        await rotations.UntilOverAsync("r1");
    }

    /// <summary>The machine's time, with a fault in what the limit of a question takes from it.</summary>
    private sealed class BrokenTimers : TimeProvider
    {
        public bool Broken { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Broken && dueTime == TimeSpan.FromSeconds(10) ? throw new NotSupportedException("no timer") : base.CreateTimer(callback, state, dueTime, period);
    }
}
