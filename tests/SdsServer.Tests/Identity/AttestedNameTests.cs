using SdsServer.Core.Fleet;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Tests.Identity.Registrations;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity;

/// <summary>Whoever asks for what is another's gets nothing and learns nothing, by whatever evidence it is known. Over the real wire.</summary>
public sealed class AttestedNameTests
{
    private const string Unknown = "spiffe://example.org/zzz";

    public static TheoryData<Attestation, string, string> Everyone
    {
        get
        {
            TheoryData<Attestation, string, string> rows = [];
            foreach (Attestation by in Enum.GetValues<Attestation>())
            {
                rows.Add(by, "web", "sql");
                rows.Add(by, "sql", "web");
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Everyone))]
    public async Task Nobody_gets_what_is_somebody_elses_and_a_refusal_looks_like_an_unknown_name(Attestation by, string caller, string victim)
    {
        await using AttestedHost host = await AttestedHost.StartAsync(by, caller);
        await using AttestedProxy other = await host.OpenOtherAsync(victim, Transport.Delta, new Node { Id = "other", Cluster = victim });
        await other.ReadLeafAsync();
        await other.Leaf.AckAsync();
        await host.JoinedAsync(victim);
        string own = AttestedHost.IdOf(caller);
        string[] forbidden = NameTricks.Of(caller, victim);
        foreach (Transport transport in Enum.GetValues<Transport>())
        {
            string node = $"{caller}-{transport}";
            await using XdsStream stream = Open(host, transport, node);
            await stream.SubscribeAsync([.. forbidden, "ROOTCA", own]);
            HashSet<string> got = [], removed = [];
            while (!got.Contains(own))
            {
                Received received = await stream.ReadAndAckAsync();
                got.UnionWith(received.Secrets.Keys);
                removed.UnionWith(received.Removed);
                Assert.All(received.Secrets.Values.Where(secret => secret.TlsCertificate is not null), secret => Assert.Equal(own, AttestedProxy.IdIn(secret)));
            }

            InstanceView seen = Assert.Single(await host.InstancesOfAsync(caller), view => view.Key.NodeId == node);
            Assert.Equal(["ROOTCA", own], seen.Secrets.AsEnumerable());
            Assert.Equal(["ROOTCA", own], got.Order(StringComparer.Ordinal));
            if (transport is Transport.Delta or Transport.AdsDelta)
            {
                Assert.Equal(forbidden.Order(StringComparer.Ordinal), removed.Order(StringComparer.Ordinal));
                continue;
            }

            foreach (string name in (string[])[AttestedHost.IdOf(victim), Unknown])
            {
                await using XdsStream alone = Open(host, transport, $"{node}-alone");
                await alone.SubscribeAsync(name);
                await alone.EndsInSilenceAsync();
            }
        }

        Assert.Equal(
            await NameTricks.AnswerAsync(host.Connect(), host.Headers, Unknown), await NameTricks.AnswerAsync(host.Connect(), host.Headers, AttestedHost.IdOf(victim)));
    }

    private static XdsStream Open(AttestedHost host, Transport transport, string node)
    {
        SdsServer.Grpc.Client.GrpcChannel channel = host.Connect();
        return XdsStream.On(channel, transport, host.Headers, new Node { Id = node, Cluster = "any" }, own: channel);
    }
}
