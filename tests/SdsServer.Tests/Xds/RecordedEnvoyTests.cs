using System.Buffers;
using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>
/// The conversations of real Envoys, request by request: the first one, the ACK of a good secret, the NACK of a bad one, the answer to the
/// next. Their nonces were <c>nv1</c>, <c>nv2</c>, <c>nv3</c>; ours stand in for them.
/// </summary>
public sealed class RecordedEnvoyTests
{
    public static TheoryData<string> Sotw => Data(delta: false);

    public static TheoryData<string> Delta => Data(delta: true);

    [RecordedEnvoyTheory]
    [MemberData(nameof(Sotw))]
    public void A_recorded_state_of_the_world_stream_is_answered_as_it_was(string stream)
    {
        SotwDriver driver = new();
        DiscoveryRequest[] requests = [.. RecordedEnvoy.Requests(stream).Select(bytes => DiscoveryProtocols.ParseSotw(new ReadOnlySequence<byte>(bytes)))];
        Assert.Equal(4, requests.Length);
        AssertNode(DiscoveryProtocols.Sotw.Node(requests[0]), stream);

        Play(driver, requests, request => request.ErrorDetail is not null, (request, ours) =>
        {
            request.ResponseNonce = driver.Last?.Nonce ?? "";
            request.VersionInfo = request.VersionInfo.Length == 0 ? "" : ours[request.VersionInfo];
        });
    }

    [RecordedEnvoyTheory]
    [MemberData(nameof(Delta))]
    public void A_recorded_delta_stream_is_answered_as_it_was(string stream)
    {
        DeltaDriver driver = new();
        DeltaDiscoveryRequest[] requests = [.. RecordedEnvoy.Requests(stream).Select(bytes => DiscoveryProtocols.ParseDelta(new ReadOnlySequence<byte>(bytes)))];
        Assert.Equal(4, requests.Length);
        AssertNode(DiscoveryProtocols.Delta.Node(requests[0]), stream);

        Play(driver, requests, request => request.ErrorDetail is not null, (request, _) => request.ResponseNonce = driver.Last?.Nonce ?? "");
    }

    private static void Play<TRequest>(
        SessionDriver<TRequest> driver, TRequest[] requests, Func<TRequest, bool> isRefusal, Action<TRequest, Dictionary<string, string>> translate)
    {
        SessionStep first = driver.Handle(requests[0]);
        Assert.All(first.Events, happened => Assert.Null(Assert.IsType<SubscriptionOpened>(happened).ReportedVersion));
        Assert.Null(first.Response);
        string name = driver.Open.Keys.Order(StringComparer.Ordinal).First();
        // By the versions of the server that was recorded.
        Dictionary<string, string> ours = [];
        for (int i = 1; i < requests.Length; i++)
        {
            SecretPayload payload = name == "ROOTCA" ? TestSecrets.Bundle(i) : TestSecrets.Leaf(i);
            Assert.NotNull(driver.Deliver(name, payload).Response);
            ours.Add(string.Create(CultureInfo.InvariantCulture, $"v{i}"), payload.Version);
            translate(requests[i], ours);
            SessionStep step = driver.Handle(requests[i]);
            FleetEvent answer = Assert.Single(step.Events);
            Assert.Equal(isRefusal(requests[i]), answer is DeliveryNacked);
            Assert.True(answer is DeliveryNacked or DeliveryAcked);
            Assert.Null(step.Response);
        }
    }

    private static void AssertNode(Node? node, string stream)
    {
        NodeIdentity identity = NodeIdentity.From(node, new XdsLimits());
        Assert.Equal("envoy", identity.UserAgent);
        Assert.Equal(stream.Split(Path.DirectorySeparatorChar)[0], identity.Version);

        // What is kept of the 61 KB is little, unknown fields included.
        Assert.True(node!.CalculateSize() < 4096, $"{node.CalculateSize()} bytes of the node are kept");
    }

    private static TheoryData<string> Data(bool delta) =>
        RecordedEnvoy.IsPresent ? new(RecordedEnvoy.Streams(delta)) : new(RecordedEnvoy.Missing);
}
