using SdsServer.EndToEnd.Mesh;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>An Envoy that lets its connection to the server drain, as operators have it do to spread load (<c>max_connection_duration</c>).</summary>
[Trait("Rule", "E14.3")]
public sealed class DrainTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [EnvoyFact]
    public async Task A_source_that_comes_by_a_second_connection_belongs_to_the_same_process()
    {
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(EnvoyBinary.Found[^1], XdsProtocol.Delta, SdsTransport.Unix));
        await using DynamicSidecar sidecar = await DynamicSidecar.DrainingAsync(mesh, "svc-c", "svc-c-out");
        await mesh.AwaitSignedByAsync(await mesh.SignerAsync(), sidecar.Proxy);
        await StatAsync(mesh, sidecar, "cluster.sds.upstream_cx_max_duration_reached", 1);
        Assert.Equal(1, (await sidecar.Proxy.Envoy.Admin.StatsAsync()).Value("cluster.sds.upstream_cx_total"));

        sidecar.RegainProvider();
        await StatAsync(mesh, sidecar, "cluster.sds.upstream_cx_total", 2);
        await Condition.AwaitAsync(
            "one process with two sources", Limit, async _ => await mesh.Operator.InstancesAsync(sidecar.Proxy.NodeId) is [{ Slots: 2, LiveSubscriptions: 2 }],
            () => sidecar.Proxy.Envoy.Log + mesh.Server.Log);
        Assert.Contains("has opened another connection", mesh.Server.Log, StringComparison.Ordinal);

        RotationRun run = await RotationRun.StartAsync(mesh, "through-a-drain");
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To);
        await mesh.AwaitSignedByAsync(run.To, sidecar.Proxy);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
    }

    private static Task StatAsync(ServiceMesh mesh, DynamicSidecar sidecar, string name, long atLeast) => Condition.AwaitAsync(
        $"{name} to reach {atLeast}", Limit, async token => (await sidecar.Proxy.Envoy.Admin.StatsAsync(token)).Value(name) >= atLeast,
        () => sidecar.Proxy.Envoy.Log + mesh.Server.Log);
}
