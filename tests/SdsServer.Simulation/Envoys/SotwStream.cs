using Google.Protobuf;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Xds;
using Status = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Simulation.Envoys;

/// <summary>A state-of-the-world stream: each request has the complete list of names and the last accepted version.</summary>
internal sealed class SotwStream(XdsClient client, long connection, Node node, StreamWorld world, Func<Node, StreamClient> caller)
    : XdsStream(client, connection)
{
    private static readonly MessageParser<DiscoveryRequest> s_requests = DiscoveryRequest.Parser.WithDiscardUnknownFields(true);
    private SotwSession? _session;
    private string _nonce = "";

    public override DateTimeOffset? WakeAt => _session?.WakeAt;

    public override byte[] FirstRequest()
    {
        DiscoveryRequest request = Request("");
        request.Node = node;
        return request.ToByteArray();
    }

    public override byte[] Subscribe(SecretSource added) => Request(_nonce).ToByteArray();

    public override byte[] Unsubscribe(SecretSource removed) => Request(_nonce).ToByteArray();

    public override ClientResponse Read(byte[] bytes)
    {
        DiscoveryResponse response = DiscoveryResponse.Parser.ParseFrom(bytes);
        (string, string, HeldSecret)[] secrets = new (string, string, HeldSecret)[response.Resources.Count];
        for (int i = 0; i < secrets.Length; i++)
        {
            Secret secret = Secret.Parser.ParseFrom(response.Resources[i].Value);
            secrets[i] = (secret.Name, response.VersionInfo, HeldSecret.Read(secret));
        }

        return new ClientResponse(response.Nonce, response.VersionInfo, secrets);
    }

    public override byte[] Answer(ClientResponse response, string? error)
    {
        if (error is null)
        {
            Client.Accepted = response.Version;
        }

        _nonce = response.Nonce;
        DiscoveryRequest request = Request(response.Nonce);
        request.ErrorDetail = error is null ? null : new Status { Code = 13, Message = error };
        return request.ToByteArray();
    }

    public override SessionStep Receive(byte[] request, DateTimeOffset now)
    {
        DiscoveryRequest read = s_requests.ParseFrom(request);
        _session ??= new SotwSession(caller(read.Node), world.Names, world.Limits, world.NextNonces(), world.NextSubscription);
        return _session.Handle(read, now);
    }

    public override SessionStep Deliver(ReadOnlySpan<Delivery> deliveries, DateTimeOffset now) => _session!.Deliver(deliveries, now);

    public override SessionStep Wake(DateTimeOffset now) => _session!.Wake(now);

    public override IReadOnlyList<FleetEvent> Close() => _session!.Close();

    public override byte[] Encode(SecretResponse response) => Concat(world.Encoder.Sotw(response));

    private DiscoveryRequest Request(string nonce)
    {
        DiscoveryRequest request = new() { VersionInfo = Client.Accepted, ResponseNonce = nonce, TypeUrl = SecretType.Url };
        request.ResourceNames.AddRange(Client.Names);
        return request;
    }
}
