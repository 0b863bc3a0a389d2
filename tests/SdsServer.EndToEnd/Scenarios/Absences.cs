using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Sidecars whose link is cut while their traffic goes on, and one that loses one of two subscriptions to the trust bundle.</summary>
internal static class Absences
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        (Proxy cut, Proxy cutLater) = (mesh.Directions[0].Client, mesh.Directions[1].Server);
        await using DynamicSidecar two = await DynamicSidecar.WithTwoProvidersAsync(mesh, "svc-c", "svc-c-out");
        await AwaitSubscriptionsAsync(mesh, two.Proxy, 2);
        await mesh.AwaitSignedByAsync(old, two.Proxy);
        await journal.PhaseAsync("Steady", Phase.Steady);

        two.LoseProvider();
        await AwaitSubscriptionsAsync(mesh, two.Proxy, 1);
        cut.Link!.Cut();
        RotationRun run = await RotationRun.StartAsync(mesh, "through-absences");
        await run.ShutAsync(GateCode.G1SetSigner, cut, BlockerReason.Absent);
        await run.ShutAsync(GateCode.G1SetSigner, two.Proxy, BlockerReason.PendingAck);
        await journal.PhaseAsync("Distributing, one link cut, one provider lost", Phase.Distributing);
        await run.StillShutAsync(GateCode.G1SetSigner, cut, BlockerReason.Absent);

        cut.Link.Mend();
        await mesh.AwaitTrustAsync(old, run.To);
        await run.StillShutAsync(GateCode.G1SetSigner, two.Proxy, BlockerReason.PendingAck);
        two.RegainProvider();
        await AwaitSubscriptionsAsync(mesh, two.Proxy, 2);
        await journal.PhaseAsync("Distributing, both back", Phase.Distributing);
        await run.GateOpensAsync(GateCode.G1SetSigner);

        cutLater.Link!.Cut();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To, cutLater);
        await run.ShutAsync(GateCode.G3DropTrust, cutLater, BlockerReason.NeedsOldRoot);
        await journal.PhaseAsync("Issuing, one link cut", Phase.Issuing);
        await run.StillShutAsync(GateCode.G3DropTrust, cutLater, BlockerReason.NeedsOldRoot);
        cutLater.Link.Mend();
        await mesh.AwaitAllSignedByAsync(run.To);
        await mesh.AwaitSignedByAsync(run.To, two.Proxy);
        await run.ReachesAsync(Phase.Drained);
        await journal.PhaseAsync("Drained", Phase.Drained);

        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Steady on new", Phase.Steady);
    }

    private static Task AwaitSubscriptionsAsync(ServiceMesh mesh, Proxy proxy, int live) => Condition.AwaitAsync(
        $"{proxy.NodeId} to have {live} subscriptions to the bundle, and two slots", Limit, async _ =>
            await mesh.Operator.InstancesAsync(proxy.NodeId) is [{ Slots: 2 } instance] && instance.LiveSubscriptions == live,
        () => proxy.Envoy.Log + mesh.Server.Log);
}
