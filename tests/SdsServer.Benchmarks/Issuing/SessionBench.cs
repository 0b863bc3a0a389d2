using SdsServer.Benchmarks.Envoys;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;
using System.Buffers;

namespace SdsServer.Benchmarks.Issuing;

/// <summary>The pure parts between the socket and the engine: parsing a recorded request, a round of a session, encoding its response.</summary>
internal static class SessionBench
{
    public static Action Parse(RecordedEnvoy envoy)
    {
        ReadOnlySequence<byte> request = new(envoy.FirstRequest("ROOTCA", "node"));
        return () => DiscoveryProtocols.ParseSotw(request);
    }

    /// <summary>A delivery and its ACK.</summary>
    public static Action Round(SecretPayload payload, string name)
    {
        Workload workload = new("spiffe://example.org/bench", [], BundleOnly: false);
        StreamClient client = new(1, new InstanceKey(workload.SpiffeId, "node", ""), workload, new NodeIdentity("node", "cluster", "envoy", "1.40.0"));
        SecretNames names = new("example.org", []);
        SotwSession session = new(client, names, new XdsLimits(), "run-1", () => 1);
        SecretEncoder encoder = new("benchmark");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        session.Handle(new DiscoveryRequest { ResourceNames = { name }, TypeUrl = SecretType.Url }, now);
        long delivery = 0;
        return () =>
        {
            SecretResponse response = session.Deliver([new Delivery(++delivery, 1, payload, false)], now).Response!;
            encoder.Sotw(response);
            session.Handle(
                new DiscoveryRequest { ResourceNames = { name }, TypeUrl = SecretType.Url, ResponseNonce = response.Nonce, VersionInfo = response.Version }, now);
        };
    }
}
