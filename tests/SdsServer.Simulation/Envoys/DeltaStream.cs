using Google.Protobuf;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Xds;
using Status = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Simulation.Envoys;

/// <summary>A delta stream: names once, answers by nonce alone, and on a new stream a version for each name that was accepted.</summary>
internal sealed class DeltaStream(XdsClient client, long connection, Node node, StreamWorld world, Func<Node, StreamClient> caller)
    : XdsStream(client, connection)
{
    private static readonly MessageParser<DeltaDiscoveryRequest> s_requests = DeltaDiscoveryRequest.Parser.WithDiscardUnknownFields(true);
    private DeltaSession? _session;

    public override DateTimeOffset? WakeAt => _session?.WakeAt;

    public override byte[] FirstRequest()
    {
        DeltaDiscoveryRequest request = new() { TypeUrl = SecretType.Url, Node = node };
        foreach (SecretSource source in Client.Sources)
        {
            if (!source.Removed)
            {
                request.ResourceNamesSubscribe.Add(source.Name);
                if (source.Accepted is { } version)
                {
                    request.InitialResourceVersions[source.Name] = version;
                }
            }
        }

        return request.ToByteArray();
    }

    public override byte[] Subscribe(SecretSource added) =>
        new DeltaDiscoveryRequest { TypeUrl = SecretType.Url, ResourceNamesSubscribe = { added.Name } }.ToByteArray();

    public override byte[] Unsubscribe(SecretSource removed) =>
        new DeltaDiscoveryRequest { TypeUrl = SecretType.Url, ResourceNamesUnsubscribe = { removed.Name } }.ToByteArray();

    public override ClientResponse Read(byte[] bytes)
    {
        DeltaDiscoveryResponse response = DeltaDiscoveryResponse.Parser.ParseFrom(bytes);
        (string, string, HeldSecret)[] secrets = new (string, string, HeldSecret)[response.Resources.Count];
        for (int i = 0; i < secrets.Length; i++)
        {
            Resource resource = response.Resources[i];
            secrets[i] = (resource.Name, resource.Version, HeldSecret.Read(Secret.Parser.ParseFrom(resource.Resource_.Value)));
        }

        return new ClientResponse(response.Nonce, "", secrets);
    }

    public override byte[] Answer(ClientResponse response, string? error)
    {
        if (error is null)
        {
            foreach ((string name, string version, _) in response.Secrets)
            {
                Source(name).Accepted = version;
            }
        }

        return new DeltaDiscoveryRequest
        {
            TypeUrl = SecretType.Url,
            ResponseNonce = response.Nonce,
            ErrorDetail = error is null ? null : new Status { Code = 13, Message = error },
        }.ToByteArray();
    }

    public override SessionStep Receive(byte[] request, DateTimeOffset now)
    {
        DeltaDiscoveryRequest read = s_requests.ParseFrom(request);
        _session ??= new DeltaSession(caller(read.Node), world.Names, world.Limits, world.NextNonces(), world.NextSubscription);
        return _session.Handle(read, now);
    }

    public override SessionStep Deliver(ReadOnlySpan<Delivery> deliveries, DateTimeOffset now) => _session!.Deliver(deliveries, now);

    public override SessionStep Wake(DateTimeOffset now) => _session!.Wake(now);

    public override IReadOnlyList<FleetEvent> Close() => _session!.Close();

    public override byte[] Encode(SecretResponse response) => Concat(world.Encoder.Delta(response));
}
