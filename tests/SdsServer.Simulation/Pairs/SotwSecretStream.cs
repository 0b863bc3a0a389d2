using Google.Protobuf;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Simulation.Envoys;
using SdsServer.Xds;
using Status = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Simulation.Pairs;

/// <summary>State of the world.</summary>
internal sealed class SotwSecretStream(string name, Node node, StreamWorld world, StreamClient client) : SecretStream(name)
{
    private readonly SotwSession _session = new(client, world.Names, world.Limits, world.NextNonces(), world.NextSubscription);

    public override DateTimeOffset? WakeAt => _session.WakeAt;

    public override SessionStep Open(string accepted, DateTimeOffset now)
    {
        DiscoveryRequest request = Request(accepted, "");
        request.Node = node;
        return Send(request, now);
    }

    public override SessionStep Answer(Received received, string accepted, string? error, DateTimeOffset now)
    {
        DiscoveryRequest request = Request(accepted, received.Nonce);
        request.ErrorDetail = error is null ? null : new Status { Code = 13, Message = error };
        return Send(request, now);
    }

    public override SessionStep Deliver(Delivery delivery, DateTimeOffset now) => _session.Deliver([delivery], now);

    public override SessionStep Wake(DateTimeOffset now) => _session.Wake(now);

    public override IReadOnlyList<FleetEvent> Close() => _session.Close();

    public override Received? Read(SecretResponse response)
    {
        DiscoveryResponse read = DiscoveryResponse.Parser.ParseFrom(Concat(world.Encoder.Sotw(response)));
        return read.Resources is [var only] ? new Received(read.Nonce, read.VersionInfo, Secret.Parser.ParseFrom(only.Value)) : null;
    }

    private SessionStep Send(DiscoveryRequest request, DateTimeOffset now) => _session.Handle(DiscoveryRequest.Parser.ParseFrom(request.ToByteArray()), now);

    private DiscoveryRequest Request(string accepted, string nonce) =>
        new() { VersionInfo = accepted, ResponseNonce = nonce, TypeUrl = SecretType.Url, ResourceNames = { Name } };
}
