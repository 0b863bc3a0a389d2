using Google.Protobuf.WellKnownTypes;
using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>An Envoy that refuses what it is sent keeps the gate shut, also when it comes back looking new, until it takes fresh bytes or is gone.</summary>
internal static class Refusals
{
    /// <summary>The refusing sidecar that is killed in the end.</summary>
    public const string Leaving = "svc-d-in";

    private const string Healing = "svc-c-in";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        await using DynamicSidecar healing = await DynamicSidecar.RefusingAsync(mesh, "svc-c", Healing);
        await AwaitRefusalAsync(mesh, healing.Proxy);
        await journal.PhaseAsync("Steady, one refuses", Phase.Steady);

        RotationRun run = await RotationRun.StartAsync(mesh, "through-refusals");
        await run.ShutAsync(GateCode.G1SetSigner, healing.Proxy, BlockerReason.Nacked);
        await AwaitPoisonedAsync(mesh, healing.Proxy);
        await journal.PhaseAsync("Distributing, one refuses", Phase.Distributing);
        await run.StillShutAsync(GateCode.G1SetSigner, healing.Proxy, BlockerReason.Nacked);

        await ReconnectAsync(mesh, healing.Proxy);
        await journal.PhaseAsync("Distributing, it has reconnected", Phase.Distributing);
        await run.StillShutAsync(GateCode.G1SetSigner, healing.Proxy, BlockerReason.Nacked, BlockerReason.Absent, BlockerReason.PendingAck);
        await AwaitPoisonedAsync(mesh, healing.Proxy);
        await run.ShutAsync(GateCode.G1SetSigner, healing.Proxy, BlockerReason.Nacked);

        healing.Heal();
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await mesh.AwaitTrustAsync(old, run.To);
        await mesh.AwaitSignedByAsync(old, healing.Proxy);
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To);
        await mesh.AwaitSignedByAsync(run.To, healing.Proxy);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await journal.PhaseAsync("Steady on new, it took fresh bytes", Phase.Steady);

        await UntilItIsGoneAsync(mesh, journal);
    }

    private static async Task UntilItIsGoneAsync(ServiceMesh mesh, Journal journal)
    {
        RotationRun run = await RotationRun.StartAsync(mesh, "until-it-is-gone");
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await using DynamicSidecar leaving = await DynamicSidecar.RefusingAsync(mesh, "svc-d", Leaving);
        await AwaitRefusalAsync(mesh, leaving.Proxy);
        await run.ShutAsync(GateCode.G1SetSigner, leaving.Proxy, BlockerReason.Nacked);
        await journal.PhaseAsync("Distributing, a newcomer refuses", Phase.Distributing);
        await run.StillShutAsync(GateCode.G1SetSigner, leaving.Proxy, BlockerReason.Nacked);

        await leaving.Proxy.Envoy.KillAsync();
        await mesh.RetireGoneAsync(Leaving, staying: 0);
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Steady, it is gone", Phase.Steady);
    }

    /// <summary>Both must say it: Envoy that it refused, the server that it heard so.</summary>
    public static Task AwaitRefusalAsync(ServiceMesh mesh, Proxy proxy) => Condition.AwaitAsync(
        $"{proxy.NodeId} to refuse", Limit, async token =>
            (await proxy.Envoy.Admin.StatsAsync(token)).UpdateRejected("default") > 0
            && (await mesh.Operator.InstancesAsync(proxy.NodeId)).Any(instance => instance.Connected && instance.LastNack is not null),
        () => proxy.Envoy.Log + mesh.Server.Log);

    /// <summary>
    /// A good bundle beside a refused leaf is refused in the leaf's words: Envoy judges the whole context. Each time anew, because its bytes are
    /// new each time: the same ones Envoy would accept, and not apply, and the gate would open on a proof that is none.
    /// </summary>
    private static async Task AwaitPoisonedAsync(ServiceMesh mesh, Proxy proxy)
    {
        HashSet<Timestamp> refusals = [];
        await Condition.AwaitAsync(
            $"{proxy.NodeId} to refuse the bundle three times for its leaf", Limit, async _ =>
            {
                refusals.UnionWith((await mesh.Operator.InstancesAsync(proxy.NodeId)).Select(instance => instance.LastNack)
                    .Where(nack => nack is { Secret: "ROOTCA" } && nack.Detail.Contains("OCSP", StringComparison.Ordinal)).Select(nack => nack.Time));
                return refusals.Count >= 3;
            },
            () => proxy.Envoy.Log + mesh.Server.Log);
    }

    private static async Task ReconnectAsync(ServiceMesh mesh, Proxy proxy)
    {
        proxy.Link!.Cut();
        await Condition.AwaitAsync($"{proxy.NodeId} to be away", Limit, async _ => (await mesh.Operator.InstancesAsync(proxy.NodeId)).All(instance => !instance.Connected));
        proxy.Link.Mend();
        await Condition.AwaitAsync($"{proxy.NodeId} to be back", Limit, async _ => (await mesh.Operator.InstancesAsync(proxy.NodeId)).Any(instance => instance.Connected));
    }
}
