using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Sidecars are replaced hot while the rotation waits for somebody else: in Distributing for a bundle, in Issuing for a leaf.</summary>
internal static class HotRestarts
{
    /// <summary>Whom the rotation waits for.</summary>
    public const string Held = SidecarRestarts.Held;

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        (Direction there, Direction back) = (mesh.Directions[0], mesh.Directions[1]);
        await journal.PhaseAsync("Steady", Phase.Steady);

        back.Server.Link!.Stall();
        RotationRun run = await RotationRun.StartAsync(mesh, "through-hot-restarts");
        await run.ShutAsync(GateCode.G1SetSigner, back.Server, BlockerReason.PendingAck);
        await SidecarRestarts.HotRestartAsync(mesh, there, there.Client);
        await IsMemberAsync(mesh, old, there.Client);
        await journal.PhaseAsync("Distributing, a client replaced hot", Phase.Distributing);
        await run.StillShutAsync(GateCode.G1SetSigner, back.Server, BlockerReason.PendingAck, BlockerReason.Absent);
        back.Server.Link.Release();
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await mesh.AwaitTrustAsync(old, run.To);

        back.Server.Link.Stall();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To, back.Server);
        await SidecarRestarts.HotRestartAsync(mesh, there, there.Server);
        await IsMemberAsync(mesh, run.To, there.Server);
        await journal.PhaseAsync("Issuing, a server replaced hot", Phase.Issuing);
        await run.StillShutAsync(GateCode.G3DropTrust, back.Server, BlockerReason.NeedsOldRoot);
        back.Server.Link.Release();
        await mesh.AwaitAllSignedByAsync(run.To);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Steady on new", Phase.Steady);
    }

    // The successor, and nobody else, has proven the newest bundle, and holds a leaf of whoever signs.
    private static async Task IsMemberAsync(ServiceMesh mesh, Authority signer, Proxy proxy)
    {
        await mesh.AwaitSignedByAsync(signer, proxy);
        Instance successor = Assert.Single(await mesh.Operator.InstancesAsync(proxy.NodeId));
        Assert.Equal((InstanceState.Member, (await mesh.Operator.TrustDomainAsync()).Epoch), (successor.State, successor.LowestEpoch));
    }
}
