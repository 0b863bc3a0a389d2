using SdsServer.EndToEnd.Mesh;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>A registration says whom a workload talks to, and its Envoy keeps to that.</summary>
public sealed class PeerTests
{
    private const string Named = "svc-c";
    private const string Stranger = "svc-d";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static TheoryData<XdsProtocol> Protocols => [XdsProtocol.Sotw, XdsProtocol.Delta];

    [EnvoyTheory]
    [MemberData(nameof(Protocols))]
    public async Task A_real_Envoy_lets_in_whom_the_registration_names_for_as_long_as_it_is_there(XdsProtocol protocol)
    {
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(EnvoyBinary.Found[^1], protocol, SdsTransport.Unix) { Linked = _ => false });
        Direction inbound = mesh.Directions.Single(direction => direction.To == Workloads.Two);
        using TlsCaller named = new(await HeldLeaf.TakeAsync(mesh, Named, "caller-c"));
        using TlsCaller stranger = new(await HeldLeaf.TakeAsync(mesh, Stranger, "caller-d"));
        await AssertRefusedAsync(named, inbound);
        await AssertRefusedAsync(stranger, inbound);

        string registration = await mesh.Operator.RegisterPeersAsync(Workloads.Two, Named);

        await AnsweredAsync(named, inbound, true);
        await AssertRefusedAsync(stranger, inbound);
        Assert.Contains($"The evidence that {Workloads.SpiffeId(Workloads.Two)}", mesh.Server.Log, StringComparison.Ordinal);

        await mesh.Operator.DeleteRegistrationAsync(registration);

        await AnsweredAsync(named, inbound, false);
        await AssertRefusedAsync(stranger, inbound);
        Assert.Equal(0, inbound.Traffic.Count.Failed);
    }

    private static Task AnsweredAsync(TlsCaller caller, Direction inbound, bool expected) => Condition.AwaitAsync(
        expected ? "the named peer to be let in" : "the named peer to be refused", Limit,
        async _ => (await caller.CallAsync(inbound.Mtls.Endpoint)).Served == expected, () => inbound.Server.Envoy.Log);

    private static async Task AssertRefusedAsync(TlsCaller caller, Direction inbound)
    {
        long before = (await inbound.Server.Envoy.Admin.StatsAsync()).RefusedNames;
        Assert.False((await caller.CallAsync(inbound.Mtls.Endpoint)).Served);
        Assert.True((await inbound.Server.Envoy.Admin.StatsAsync()).RefusedNames > before);
    }
}
