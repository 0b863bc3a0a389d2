using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>kill -9 of the server in each phase of one rotation; in three of them while one sidecar was a step behind.</summary>
internal static class ServerCrashes
{
    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        Proxy late = mesh.Directions[0].Server;
        await journal.PhaseAsync("Steady", Phase.Steady);

        late.Link!.Stall();
        RotationRun run = await RotationRun.StartAsync(mesh, "through-crashes");
        await run.ShutAsync(GateCode.G1SetSigner, late, BlockerReason.PendingAck, BlockerReason.Absent);
        await mesh.Server.KillAsync();
        await journal.PhaseAsync("Distributing, server down", phase: null);
        late.Link.Release();
        await mesh.StartServerAgainAsync();

        // Nobody has proven anything to this process yet: it must have everyone's word anew, and wait for who may still come.
        await run.ShutAsync(GateCode.G1SetSigner, late, BlockerReason.PendingAck, BlockerReason.Absent);
        await journal.PhaseAsync("Distributing", Phase.Distributing);
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await mesh.AwaitTrustAsync(old, run.To);

        late.Link.Stall();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To, late);
        await CrashAsync(mesh, late);
        await journal.PhaseAsync("Issuing or later", phase: null);
        await mesh.AwaitAllSignedByAsync(run.To);
        await run.ReachesAsync(Phase.Drained);

        // That a leaf was superseded is written lazily: a crash may bring the label back until the sidecar has spoken again.
        await mesh.CrashServerAsync();
        await run.ReachesAsync(Phase.Drained);
        await journal.PhaseAsync("Drained", Phase.Drained);
        await run.GateOpensAsync(GateCode.G3DropTrust);
        late.Link.Stall();
        await run.StepAsync(GateCode.G3DropTrust);
        await run.ShutAsync(GateCode.G4Gone, late, BlockerReason.PendingAck, BlockerReason.Absent);
        await CrashAsync(mesh, late);
        await journal.PhaseAsync("Removing", Phase.Removing);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(run.To);
        await mesh.AwaitAllSignedByAsync(run.To);

        await mesh.CrashServerAsync();
        await journal.PhaseAsync("Steady on new", Phase.Steady);
    }

    private static async Task CrashAsync(ServiceMesh mesh, Proxy late)
    {
        await mesh.Server.KillAsync();
        late.Link!.Release();
        await mesh.StartServerAgainAsync();
    }
}
