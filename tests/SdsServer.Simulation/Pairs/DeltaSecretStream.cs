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

/// <summary>Delta.</summary>
internal sealed class DeltaSecretStream(string name, Node node, StreamWorld world, StreamClient client) : SecretStream(name)
{
    private readonly DeltaSession _session = new(client, world.Names, world.Limits, world.NextNonces(), world.NextSubscription);

    public override DateTimeOffset? WakeAt => _session.WakeAt;

    public override SessionStep Open(string accepted, DateTimeOffset now)
    {
        DeltaDiscoveryRequest request = new() { TypeUrl = SecretType.Url, Node = node, ResourceNamesSubscribe = { Name } };
        if (accepted.Length > 0)
        {
            request.InitialResourceVersions[Name] = accepted;
        }

        return Send(request, now);
    }

    public override SessionStep Answer(Received received, string accepted, string? error, DateTimeOffset now) => Send(
        new DeltaDiscoveryRequest
        {
            TypeUrl = SecretType.Url,
            ResponseNonce = received.Nonce,
            ErrorDetail = error is null ? null : new Status { Code = 13, Message = error },
        },
        now);

    public override SessionStep Deliver(Delivery delivery, DateTimeOffset now) => _session.Deliver([delivery], now);

    public override SessionStep Wake(DateTimeOffset now) => _session.Wake(now);

    public override IReadOnlyList<FleetEvent> Close() => _session.Close();

    public override Received? Read(SecretResponse response)
    {
        DeltaDiscoveryResponse read = DeltaDiscoveryResponse.Parser.ParseFrom(Concat(world.Encoder.Delta(response)));
        return read.Resources is [var only] ? new Received(read.Nonce, only.Version, Secret.Parser.ParseFrom(only.Resource_.Value)) : null;
    }

    private SessionStep Send(DeltaDiscoveryRequest request, DateTimeOffset now) => _session.Handle(DeltaDiscoveryRequest.Parser.ParseFrom(request.ToByteArray()), now);
}
