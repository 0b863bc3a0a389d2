using Google.Protobuf.WellKnownTypes;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Testing;
using SdsServer.Tests.Identity.X509;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity;

/// <summary>A workload that shows its own credential and says of itself all that another says. Over the real wire.</summary>
public sealed class ForgedNodeTests
{
    private const string Caller = "web";
    private const string Victim = "db";

    public static TheoryData<Attestation, Transport, string> Lies
    {
        get
        {
            TheoryData<Attestation, Transport, string> rows = [];
            foreach (Attestation by in System.Enum.GetValues<Attestation>())
            {
                foreach (Transport transport in (Transport[])[Transport.Sotw, Transport.Delta])
                {
                    rows.Add(by, transport, "node-of-db");
                    rows.Add(by, transport, AttestedHost.IdOf(Victim));
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task It_gets_its_own_secrets_is_itself_and_the_other_notices_nothing(Attestation by, Transport transport, string nodeId)
    {
        await using AttestedHost host = await AttestedHost.StartAsync(by, Caller);
        Struct labels = new() { Fields = { ["spiffe_id"] = Value.ForString(AttestedHost.IdOf(Victim)) } };
        Node node = new() { Id = nodeId, Cluster = Victim, UserAgentName = "envoy", Metadata = new() { Fields = { ["labels"] = Value.ForStruct(labels) } } };
        await using AttestedProxy victim = await host.OpenOtherAsync(Victim, transport, node);
        Received held = await victim.ReadLeafAsync();
        await victim.Leaf.AckAsync();
        InstanceView before = await host.JoinedAsync(Victim);

        await using (AttestedProxy liar = host.Open(transport, node))
        {
            // It says that it holds the other's leaf, as that one does when it is back.
            Received got = await liar.ReadLeafAsync(held.Versions["default"]);
            Assert.Equal(("default", AttestedHost.IdOf(Caller)), (Assert.Single(got.Secrets).Key, AttestedProxy.IdIn(got.Secrets["default"])));
            await liar.Other.SubscribeAsync(AttestedHost.IdOf(Victim));
            if (transport == Transport.Delta)
            {
                Assert.Equal(AttestedHost.IdOf(Victim), Assert.Single((await liar.Other.ReadAndAckAsync()).Removed));
            }

            await liar.Other.EndsInSilenceAsync();
            await liar.Leaf.NackAsync("no");
            InstanceView seen = await Condition.AwaitAsync<InstanceView>(
                "the refusal to be known", MtlsHost.Limit, async _ => await host.InstancesOfAsync(Caller) is [{ Refusing: true } only] ? only : null);
            Assert.NotEqual(before.Id, seen.Id);
            Assert.Equal(SecretVersion.LeafSerial(got.Versions["default"]), Assert.Single(seen.Outstanding).Serial);
        }

        await Condition.AwaitAsync("the liar to be gone", MtlsHost.Limit, async _ => (await host.InstancesOfAsync(Caller)).All(view => !view.Connected));
        Assert.Equal(Shown(before), Shown(Assert.Single(await host.InstancesOfAsync(Victim))));
        await victim.Leaf.SubscribeAsync(AttestedHost.IdOf(Victim));
        Received mine = await victim.Leaf.ReadAndAckAsync();
        Assert.All(mine.Secrets.Values, secret => Assert.Equal(AttestedHost.IdOf(Victim), AttestedProxy.IdIn(secret)));
    }

    private static object Shown(InstanceView view) => new
    {
        view.Id, view.Key, view.Connected, view.Member, view.Quarantined, view.Lo, view.BundleSlots, view.LeafSlots, view.BundleSubscriptions, view.LeafSubscriptions,
        view.Refusing, view.LastNack, view.LastSeen, Leaves = string.Join(' ', view.Outstanding.Select(row => row.Serial)),
    };
}
