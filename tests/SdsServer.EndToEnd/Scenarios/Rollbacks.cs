using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Back from every phase, and then forward to the end. A stalled link keeps one sidecar a step behind the others.</summary>
internal static class Rollbacks
{
    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        Proxy late = mesh.Directions[0].Server;
        await journal.PhaseAsync("Steady", Phase.Steady);

        Authority next = await FromDistributingAsync(mesh, journal, old, late);
        await FromIssuingAsync(mesh, journal, old, next, late);
        await FromDrainedAndRemovingAsync(mesh, journal, old, next, late);

        RotationRun forward = await RotationRun.StartAsync(mesh, "forward", next);
        await forward.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(next);
        await forward.StepAsync(GateCode.G3DropTrust);
        await forward.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(next);
        await journal.PhaseAsync("Steady on new", Phase.Steady);
    }

    private static async Task<Authority> FromDistributingAsync(ServiceMesh mesh, Journal journal, Authority old, Proxy late)
    {
        late.Link!.Stall();
        RotationRun run = await RotationRun.StartAsync(mesh, "back-from-distributing");
        await run.ShutAsync(GateCode.G1SetSigner, late, BlockerReason.PendingAck, BlockerReason.Absent);
        await journal.PhaseAsync("Distributing, one behind", Phase.Distributing);
        await run.StillShutAsync(GateCode.G1SetSigner, late, BlockerReason.PendingAck, BlockerReason.Absent);
        late.Link.Release();
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await mesh.AwaitTrustAsync(old, run.To);

        await run.BackAsync();
        late.Link.Stall();
        await run.StepAsync(GateCode.G3DropTrust);
        await journal.PhaseAsync("Removing new, one behind", Phase.Removing);
        late.Link.Release();
        await run.EndsAsync(RotationState.RolledBack);
        await mesh.AwaitTrustAsync(old);
        await mesh.AwaitAllSignedByAsync(old);
        return run.To;
    }

    private static async Task FromIssuingAsync(ServiceMesh mesh, Journal journal, Authority old, Authority next, Proxy late)
    {
        RotationRun run = await RotationRun.StartAsync(mesh, "back-from-issuing", next);
        await run.GateOpensAsync(GateCode.G1SetSigner);
        late.Link!.Stall();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(next, late);
        await run.ShutAsync(GateCode.G3DropTrust, late, BlockerReason.NeedsOldRoot);
        await journal.PhaseAsync("Issuing, one behind", Phase.Issuing);
        await run.StillShutAsync(GateCode.G3DropTrust, late, BlockerReason.NeedsOldRoot);

        await run.BackAsync();
        await run.StepAsync(GateCode.G1SetSigner);
        late.Link.Release();
        await mesh.AwaitAllSignedByAsync(old);
        await run.ReachesAsync(Phase.Drained);
        await journal.PhaseAsync("Drained of new", Phase.Drained);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.RolledBack);
        await mesh.AwaitTrustAsync(old);
    }

    private static async Task FromDrainedAndRemovingAsync(ServiceMesh mesh, Journal journal, Authority old, Authority next, Proxy late)
    {
        RotationRun run = await RotationRun.StartAsync(mesh, "back-twice", next);
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(next);
        await run.ReachesAsync(Phase.Drained);
        await journal.PhaseAsync("Drained of old", Phase.Drained);

        await run.BackAsync();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(old);
        await run.ForwardAgainAsync();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(next);
        await run.GateOpensAsync(GateCode.G3DropTrust);
        late.Link!.Stall();
        await run.StepAsync(GateCode.G3DropTrust);
        await run.ShutAsync(GateCode.G4Gone, late, BlockerReason.PendingAck, BlockerReason.Absent);
        await journal.PhaseAsync("Removing old, one behind", Phase.Removing);

        await run.BackAsync();
        late.Link.Release();
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(old);
        await journal.PhaseAsync("back from Removing", phase: null);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.RolledBack);
        await mesh.AwaitTrustAsync(old);
    }
}
