using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>The canary's Envoy refuses its new leaf: nobody else moves until it is mended. In a second rotation, which may turn back by itself, it does.</summary>
internal static class WaveRefusals
{
    /// <summary>The sidecar that refuses.</summary>
    public const string Canary = "svc-c-in";

    private const string Workload = "svc-c";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        await using DynamicSidecar canary = await DynamicSidecar.ListeningAsync(mesh, Workload, Canary);
        await mesh.AwaitSignedByAsync(old, canary.Proxy);
        await journal.PhaseAsync("Steady", Phase.Steady);
        Authority next = await HaltedAsync(mesh, journal, canary);
        await TurnedBackAsync(mesh, journal, next, canary);
    }

    private static async Task<Authority> HaltedAsync(ServiceMesh mesh, Journal journal, DynamicSidecar canary)
    {
        StartRotationRequest order = RotationOrders.Planned("canary-refuses", GateKind.Ack, RotationOrders.Of(Workload));
        order.Policy.TrustGate = new GatePolicy { Kind = GateKind.Approval };
        RotationRun run = await RotationRun.StartAsync(mesh, order);
        await run.GateOpensAsync(GateCode.G1SetSigner);
        canary.Proxy.Link!.Stall();
        await run.StepAsync(GateCode.G1SetSigner);
        await RefuseAsync(mesh, canary);
        await run.HeldByAsync(HoldCause.Nack);
        await journal.PhaseAsync("Issuing, the canary refuses", Phase.Issuing);

        // All gates open by evidence alone: only the hold keeps the others where they are.
        Assert.Empty(await mesh.HoldersAsync(run.To, mesh.Proxies));
        Rotation held = await run.ReadAsync();
        Assert.True(held.Held && held.HoldCause == HoldCause.Nack && held.Waves.Index == 1, $"{held.HoldCause} in wave {held.Waves.Index}");

        canary.Heal();
        await mesh.AwaitSignedByAsync(run.To, canary.Proxy);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitAllSignedByAsync(run.To);
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Steady on new, it was mended", Phase.Steady);
        return run.To;
    }

    private static async Task TurnedBackAsync(ServiceMesh mesh, Journal journal, Authority from, DynamicSidecar canary)
    {
        Proxy[] moved = [mesh.Directions[0].Client, mesh.Directions[1].Server];
        StartRotationRequest order = RotationOrders.Planned("turns-back", GateKind.Ack, RotationOrders.Of(Workloads.One), RotationOrders.Of(Workload));
        order.Policy.TrustGate = new GatePolicy { Kind = GateKind.Approval };
        order.Policy.AutomaticRollback = true;
        RotationRun run = await RotationRun.StartAsync(mesh, order);
        await run.GateOpensAsync(GateCode.G1SetSigner);
        canary.Proxy.Link!.Stall();
        await run.StepAsync(GateCode.G1SetSigner);
        foreach (Proxy proxy in moved)
        {
            await mesh.AwaitSignedByAsync(run.To, proxy);
        }

        await Condition.AwaitAsync("wave 2 to begin", Limit, async _ => (await run.ReadAsync()).Waves?.Index == 2, () => mesh.Server.Log);
        await journal.PhaseAsync("Issuing, wave 1 of 3 through", Phase.Issuing);
        Assert.Equal(moved.Select(proxy => proxy.NodeId).ToHashSet(), (await mesh.HoldersAsync(run.To, mesh.Proxies)).ToHashSet());

        await RefuseAsync(mesh, canary);
        await run.TurnsAsync(Goal.Back);
        Assert.Contains((await run.ReadAsync()).Decisions, decision => decision.Actor == "engine" && $"{decision.What} {decision.Why}".Contains(Canary, StringComparison.Ordinal));

        // It refuses every leaf, the old root's too. The others' way back waits neither for it nor for the approval that the way forward needed.
        await mesh.AwaitAllSignedByAsync(from);
        await journal.PhaseAsync("turned back, it refuses still", phase: null);
        canary.Heal();
        await run.EndsAsync(RotationState.RolledBack);
        await mesh.AwaitSignedByAsync(from, canary.Proxy);
        await mesh.AwaitTrustAsync(from);
        await journal.PhaseAsync("Steady on old", Phase.Steady);
    }

    // Its process is replaced by one that demands stapled answers, while its new leaf is on the way.
    private static async Task RefuseAsync(ServiceMesh mesh, DynamicSidecar canary)
    {
        await canary.Proxy.Envoy.KillAsync();
        canary.Refuse();
        canary.Proxy.Link!.Release();
        await Condition.AwaitAsync($"{Canary} to be away", Limit, async _ => (await mesh.Operator.InstancesAsync(Canary)).All(instance => !instance.Connected));
        await mesh.RetireAsync(Canary);
        await canary.Proxy.Envoy.StartAgainAsync();
        await Refusals.AwaitRefusalAsync(mesh, canary.Proxy);
    }
}
