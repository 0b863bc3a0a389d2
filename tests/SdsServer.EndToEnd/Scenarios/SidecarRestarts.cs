using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Sidecars of both roles end, are killed, and are replaced hot in the middle of a rotation.</summary>
internal static class SidecarRestarts
{
    /// <summary>Kept a step behind, so that there is time in Issuing.</summary>
    public const string Held = $"{Workloads.One}-in";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        (Direction there, Direction back) = (mesh.Directions[0], mesh.Directions[1]);
        await journal.PhaseAsync("Steady", Phase.Steady);

        RotationRun run = await RotationRun.StartAsync(mesh, "through-restarts");
        await RestartAsync(mesh, there, there.Server, kill: false);
        await RestartAsync(mesh, back, back.Client, kill: true);
        await journal.PhaseAsync("Distributing, a server and a client restarted", Phase.Distributing);
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await mesh.AwaitTrustAsync(old, run.To);

        back.Server.Link!.Stall();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To, back.Server);
        await RestartAsync(mesh, there, there.Client, kill: true);
        await run.ShutAsync(GateCode.G3DropTrust, back.Server, BlockerReason.NeedsOldRoot);
        await journal.PhaseAsync("Issuing, a client killed", Phase.Issuing);
        back.Server.Link.Release();
        await mesh.AwaitAllSignedByAsync(run.To);
        await run.ReachesAsync(Phase.Drained);

        await HotRestartAsync(mesh, there, there.Server);
        await HotRestartAsync(mesh, back, back.Client);
        await mesh.AwaitAllSignedByAsync(run.To);
        await journal.PhaseAsync("Drained, a server and a client replaced hot", Phase.Drained);

        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Steady on new", Phase.Steady);
    }

    /// <summary>A new process in place of the old. Whoever stops a sidecar takes its traffic away first; the other direction goes on.</summary>
    public static async Task RestartAsync(ServiceMesh mesh, Direction direction, Proxy proxy, bool kill)
    {
        await direction.Traffic.PauseAsync();
        await proxy.CarryCountAsync();
        await (kill ? proxy.Envoy.KillAsync() : proxy.Envoy.StopAsync());
        await mesh.RetireGoneAsync(proxy.NodeId, staying: 0);
        await proxy.Envoy.StartAgainAsync();
        await proxy.Envoy.WhenLiveAsync();
        direction.Traffic.Resume();
        await direction.MarkAsync();
    }

    /// <summary>A successor beside the process; returns when only the successor is left, in the books as well.</summary>
    public static async Task HotRestartAsync(ServiceMesh mesh, Direction direction, Proxy proxy)
    {
        Task parentEnded = await proxy.Envoy.HotRestartAsync();
        await proxy.Envoy.WhenLiveAsync();
        await direction.Traffic.RenewKeptAsync();
        await parentEnded.WaitAsync(Limit);
        await mesh.RetireGoneAsync(proxy.NodeId, staying: 1);
        await direction.MarkAsync();
    }
}
