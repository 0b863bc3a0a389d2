using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Simulation.Envoys;
using SdsServer.Xds;

namespace SdsServer.Simulation.Recorded;

/// <summary>The simulated Envoy says what real ones said: same kind of answer, version, nonce and names, and the same secret is blamed.</summary>
[Trait("Rule", "E14.1")]
public sealed class RecordedEnvoyTests
{
    // Streams are independent, and were recorded in the order in which answers were written: either may have been served first in a round.
    private const int Orders = 8;

    [RecordedFact]
    public void The_simulated_Envoy_answers_as_the_real_ones_did()
    {
        IReadOnlyList<Conversation> conversations = Conversation.Load();
        Assert.NotEmpty(conversations);
        foreach (Conversation conversation in conversations)
        {
            List<string> differences = [.. Enumerable.Range(0, Orders).Select(order => Difference(conversation, order))];
            Assert.True(differences.Contains(""), $"{conversation.Name}:\n{string.Join('\n', differences)}");
        }
    }

    /// <summary>Plays a conversation; the bits of <paramref name="order"/> say in which rounds the last stream comes first.</summary>
    private static string Difference(Conversation conversation, int order)
    {
        (SimulatedEnvoy envoy, XdsStream[] streams) = Envoy(conversation);
        for (int i = 0; i < streams.Length; i++)
        {
            Request first = Request.Read(conversation.IsDelta, streams[i].FirstRequest());
            if (first != conversation.Streams[i][0])
            {
                return $"{first} instead of {conversation.Streams[i][0]}";
            }
        }

        for (int round = 1; round < conversation.Streams[0].Count; round++)
        {
            int[] turns = [.. Enumerable.Range(0, streams.Length)];
            foreach (int i in (order >> (round - 1) & 1) == 0 ? turns : turns.Reverse())
            {
                ClientResponse response = streams[i].Read(Response(conversation.IsDelta, streams[i].Client.Names, round));
                Request answer = Request.Read(conversation.IsDelta, streams[i].Answer(response, streams[i].Take(envoy, response)));
                if (answer != conversation.Streams[i][round])
                {
                    return $"order {order}, stream {i}, round {round}: {answer} instead of {conversation.Streams[i][round]}";
                }
            }
        }

        return "";
    }

    private static (SimulatedEnvoy Envoy, XdsStream[] Streams) Envoy(Conversation conversation)
    {
        InstanceKey key = new("spiffe://mesh/recorded", "recorded", "ip:127.0.0.1");
        Workload workload = new(key.SpiffeId, [], BundleOnly: false);
        SimulatedEnvoy envoy = new("recorded", key, workload, static (_, secret) => !secret.Text.EndsWith("bad", StringComparison.Ordinal) ? null
            : secret.Kind == SecretKind.Leaf ? "Failed to load private key from <inline>" : "Failed to load trusted CA certificates from <inline>");
        StreamWorld world = new();
        Node node = new() { Id = key.NodeId, Cluster = "mesh" };
        StreamClient Caller(Node sent) => new(1, key, workload, NodeIdentity.From(sent, world.Limits));
        List<XdsStream> streams = [];
        foreach (IReadOnlyList<Request> requests in conversation.Streams)
        {
            XdsClient client = new(streams.Count, conversation.IsDelta ? Dialect.Delta : Dialect.Sotw, conversation.Streams.Count == 1);
            foreach (string name in requests[0].Names.Split(' '))
            {
                envoy.Add(name == "ROOTCA" ? SecretKind.Bundle : SecretKind.Leaf, name, client);
            }

            streams.Add(conversation.IsDelta ? new DeltaStream(client, 1, node, world, Caller) : new SotwStream(client, 1, node, world, Caller));
        }

        SecretSource Source(SecretKind kind) => envoy.Sources.Single(source => source.Kind == kind);
        envoy.Contexts.Add(new TlsContext(Source(SecretKind.Leaf), Source(SecretKind.Bundle)));
        return (envoy, [.. streams]);
    }

    private static byte[] Response(bool isDelta, IEnumerable<string> names, int round)
    {
        string version = string.Create(CultureInfo.InvariantCulture, $"v{round}");
        string quality = round == 2 ? "bad" : "good";
        IEnumerable<Secret> secrets = names.Select(name => name == "ROOTCA"
            ? new Secret { Name = name, ValidationContext = new CertificateValidationContext { TrustedCa = Inline($"A|{round}|{quality}") } }
            : new Secret { Name = name, TlsCertificate = new TlsCertificate { CertificateChain = Inline($"{round}|A|0|{quality}"), PrivateKey = Inline("key") } });
        IEnumerable<Any> packed = secrets.Select(secret => new Any { TypeUrl = SecretType.Url, Value = secret.ToByteString() });
        return isDelta
            ? new DeltaDiscoveryResponse
            {
                Nonce = "n" + version,
                TypeUrl = SecretType.Url,
                Resources = { names.Zip(packed, (name, any) => new Resource { Name = name, Version = version, Resource_ = any }) },
            }.ToByteArray()
            : new DiscoveryResponse { VersionInfo = version, Nonce = "n" + version, TypeUrl = SecretType.Url, Resources = { packed } }.ToByteArray();
    }

    private static DataSource Inline(string text) => new() { InlineBytes = ByteString.CopyFromUtf8(text) };
}
