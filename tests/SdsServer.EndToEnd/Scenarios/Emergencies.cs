using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>In the middle of a held rotation by waves the signing root is stolen. One sidecar is silent and is passed over at the deadline.</summary>
internal static class Emergencies
{
    /// <summary>The sidecar that is passed over. It carries no traffic.</summary>
    public const string Silent = "svc-c-in";

    private static readonly TimeSpan Sign = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Drop = TimeSpan.FromSeconds(45);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority stolen = await mesh.SignerAsync();
        await using DynamicSidecar silent = await DynamicSidecar.ListeningAsync(mesh, "svc-c", Silent);
        await mesh.AwaitSignedByAsync(stolen, silent.Proxy);
        HeldLeaf[] loot = await LeavesAsync(mesh, "before");
        await journal.PhaseAsync("Steady", Phase.Steady);

        RotationRun planned = await RotationRun.StartAsync(
            mesh, RotationOrders.Planned("overtaken", GateKind.Approval, RotationOrders.Of(Workloads.One), RotationOrders.Percent(90)));
        await planned.StepAsync(GateCode.G1SetSigner);
        await planned.WaveIsThroughAsync(1, 2);
        await planned.HoldAsync();
        await journal.PhaseAsync("Issuing, held", Phase.Issuing);
        Assert.Equal(2, (await mesh.HoldersAsync(planned.To, mesh.Proxies)).Count);

        silent.Proxy.Link!.Stall();
        RotationRun run = await RotationRun.StartAsync(mesh, RotationOrders.Emergency("stolen", stolen, planned.To, Sign, Drop));
        await planned.EndsAsync(RotationState.Preempted);
        await mesh.AwaitAllSignedByAsync(run.To);
        Assert.True((await mesh.Operator.AuthoritiesAsync()).Single(authority => authority.Name == stolen.Name).Tainted);
        await journal.PhaseAsync("emergency, one silent", phase: null);

        // The root is dropped over its leaf; that nobody enforces the stolen root any more is not said while it may.
        await run.ReachesAsync(Phase.Removing);
        Assert.Contains((await run.ReadAsync()).Decisions, decision =>
            decision.Actor != "engine" && $"{decision.What} {decision.Why}".Contains(Workloads.SpiffeId("svc-c"), StringComparison.Ordinal));
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Removing, one passed over", Phase.Removing);
        await run.StillShutAsync(GateCode.G4Gone, silent.Proxy, BlockerReason.Absent, BlockerReason.PendingAck);
        await run.PassOverAsync(GateCode.G4Gone, silent.Proxy);
        await run.EndsAsync(RotationState.Completed);
        await journal.PhaseAsync("Steady on new", Phase.Steady);

        silent.Proxy.Link.Release();
        await mesh.AwaitSignedByAsync(run.To, silent.Proxy);
        await AssertOnlyNewLeavesAsync(mesh, loot, await LeavesAsync(mesh, "after"));
    }

    /// <summary>Leaves of both workloads, for processes of their own.</summary>
    private static async Task<HeldLeaf[]> LeavesAsync(ServiceMesh mesh, string when) =>
    [
        .. await Task.WhenAll(mesh.Directions.Select(direction => HeldLeaf.TakeAsync(mesh, direction.From, $"{direction.From}-{when}"))),
    ];

    // Last: the Envoys count each refusal, and the phases take none for good.
    private static async Task AssertOnlyNewLeavesAsync(ServiceMesh mesh, HeldLeaf[] stolen, HeldLeaf[] fresh)
    {
        foreach ((Direction direction, int index) in mesh.Directions.Select((direction, index) => (direction, index)))
        {
            using TlsCaller good = new(fresh[index]);
            TlsAnswer served = await good.CallAsync(direction.Mtls.Endpoint);
            Assert.True(served.Served, served.Text);
            using TlsCaller thief = new(stolen[index]);
            long refused = (await direction.Server.Envoy.Admin.StatsAsync()).RefusedChains;
            TlsAnswer answer = await thief.CallAsync(direction.Mtls.Endpoint);
            Assert.False(answer.Served, answer.Text);
            Assert.Equal(refused + 1, (await direction.Server.Envoy.Admin.StatsAsync()).RefusedChains);
        }
    }
}
