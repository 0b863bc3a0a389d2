using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>
/// Both sidecars of a workload are cut off before a rotation begins and retired, so that it goes to its end without them. When they come
/// back they know only a root that nobody trusts, and get the bundle first.
/// </summary>
internal static class LongAbsences
{
    /// <summary>The workload that is away.</summary>
    public const string Away = Workloads.One;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        Proxy[] away = [mesh.Directions[0].Client, mesh.Directions[1].Server];
        await using Direction third = await mesh.StartDirectionAsync("svc-c", "svc-d");
        await mesh.AwaitSignedByAsync(old, third.Client);
        await mesh.AwaitSignedByAsync(old, third.Server);
        await journal.PhaseAsync("Steady", Phase.Steady);

        foreach (Proxy proxy in away)
        {
            proxy.Link!.Cut();
            await Condition.AwaitAsync(
                $"{proxy.NodeId} to be away", Limit, async _ => (await mesh.Operator.InstancesAsync(proxy.NodeId)).All(instance => !instance.Connected), () => mesh.Server.Log);
        }

        RotationRun run = await RotationRun.StartAsync(mesh, "without-them");
        await run.ShutAsync(GateCode.G1SetSigner, away[0], BlockerReason.Absent);
        await run.ShutAsync(GateCode.G1SetSigner, away[1], BlockerReason.Absent);
        await journal.PhaseAsync("Distributing, a workload is away", Phase.Distributing);
        await run.StillShutAsync(GateCode.G1SetSigner, away[0], BlockerReason.Absent);

        await WithoutThemAsync(mesh, run, third, away);
        await BackAsync(mesh, old, run.To, away);
        await journal.PhaseAsync("Steady on new, it is back", Phase.Steady);
        await third.EnoughAsync("it is back");
    }

    // Retired is as good as gone: from now on nobody waits for them, nor takes what they present.
    private static async Task WithoutThemAsync(ServiceMesh mesh, RotationRun run, Direction third, Proxy[] away)
    {
        await Task.WhenAll(mesh.Directions.Select(direction => direction.Traffic.PauseAsync()));
        await Task.WhenAll(away.Select(proxy => mesh.RetireAsync(proxy.NodeId)));
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To, away);
        await third.EnoughAsync("Issuing or Drained, a workload is away");
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await third.EnoughAsync("Steady on new, a workload is away");

        // In one direction it does not know the peer's root, in the other the peer no longer knows its own.
        await Task.WhenAll(mesh.Directions.Select(direction => direction.AssertRefusedAsync()));
    }

    private static async Task BackAsync(ServiceMesh mesh, Authority old, Authority to, Proxy[] away)
    {
        Dictionary<string, string?> leaves = [];
        foreach (Proxy proxy in away)
        {
            Assert.Empty(await mesh.Operator.InstancesAsync(proxy.NodeId));
            Assert.True(await mesh.TrustsJustAsync(proxy, old), $"{proxy.NodeId} was given a bundle");
            leaves[proxy.NodeId] = await proxy.LeafSerialAsync();
            proxy.Link!.Mend();
        }

        // It may have more streams than those that are back, so it waits for its leaf while a newcomer gets one at once.
        Proxy first = await Condition.AwaitAsync("one of them to have the new bundle and to ask for a leaf", Limit, async token =>
        {
            foreach (Proxy proxy in away)
            {
                if (await mesh.TrustsJustAsync(proxy, to, token) && await mesh.Operator.InstancesAsync(proxy.NodeId) is [{ Secrets.Count: 2 }])
                {
                    return proxy;
                }
            }

            return null;
        }, () => mesh.Server.Log);
        await HeldLeaf.TakeAsync(mesh, Away, $"{Away}-newcomer");
        Instance pending = Assert.Single(await mesh.Operator.InstancesAsync(first.NodeId));
        Assert.Equal((InstanceState.Pending, 0), (pending.State, pending.OutstandingLeaves.Count));
        Assert.Equal(leaves[first.NodeId], await first.LeafSerialAsync());
        await mesh.AwaitAllSignedByAsync(to);
        await mesh.AwaitTrustAsync(to);
        foreach (Proxy proxy in away)
        {
            Assert.Equal(InstanceState.Member, Assert.Single(await mesh.Operator.InstancesAsync(proxy.NodeId)).State);
        }

        foreach (Direction direction in mesh.Directions)
        {
            direction.Traffic.Resume();
            await direction.MarkAsync();
        }
    }
}
