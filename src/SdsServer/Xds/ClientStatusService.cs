using Google.Protobuf.WellKnownTypes;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Envoy.Admin.V3;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Status.V3;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Xds;

/// <summary>
/// envoy.service.status.v3.ClientStatusDiscoveryService: what each client has been sent and what it said, never any content. It shows
/// every client, so it belongs on a listener for operators.
/// </summary>
/// <param name="require">Throws for a caller who may not look.</param>
internal sealed class ClientStatusService(StreamRegistry streams, Action<ServerCallContext> require)
{
    public static ServiceDescriptor Descriptor { get; } =
        CsdsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("ClientStatusDiscoveryService");

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<ClientStatusRequest, ClientStatusResponse>("FetchClientStatus", (request, call) => Task.FromResult(Answer(request, call)))
        .Duplex<ClientStatusRequest, ClientStatusResponse>("StreamClientStatus", async (requests, responses, call) =>
        {
            await foreach (ClientStatusRequest request in requests.WithCancellation(call.Stopping))
            {
                await responses.WriteAsync(Answer(request, call));
            }
        });

    private ClientStatusResponse Answer(ClientStatusRequest request, ServerCallContext call)
    {
        require(call);
        return Answer(request);
    }

    private ClientStatusResponse Answer(ClientStatusRequest request) => new()
    {
        Config =
        {
            streams.Open
                .Where(stream => request.NodeMatchers.Count == 0 || request.NodeMatchers.Any(matcher => NodeMatch.Matches(matcher, stream.Client.Node)))
                .GroupBy(stream => (stream.Client.Connection, stream.Client.Key))
                .Select(client => Config(client.First().Client, client)),
        },
    };

    private static ClientConfig Config(StreamClient client, IEnumerable<OpenStream> streams) => new()
    {
        Node = new Node { Id = client.Node.Id, Cluster = client.Node.Cluster, UserAgentName = client.Node.UserAgent, UserAgentVersion = client.Node.Version },
        ClientScope = $"{client.Key.SpiffeId} {client.Key.Peer} connection {client.Connection}",
        GenericXdsConfigs = { streams.SelectMany(stream => stream.Subscriptions).Select(Secret) },
    };

    private static ClientConfig.Types.GenericXdsConfig Secret(SubscriptionStatus status) => new()
    {
        TypeUrl = SecretType.Url,
        Name = status.Name,
        VersionInfo = status.AckedVersion ?? "",
        LastUpdated = status.ChangedAt.ToTimestamp(),
        ConfigStatus = status.State switch
        {
            SubscriptionState.NotSent => ConfigStatus.NotSent,
            SubscriptionState.Stale => ConfigStatus.Stale,
            SubscriptionState.Synced => ConfigStatus.Synced,
            _ => ConfigStatus.Error,
        },
        ClientStatus = status.State switch
        {
            SubscriptionState.Synced => ClientResourceStatus.Acked,
            SubscriptionState.Error => ClientResourceStatus.Nacked,
            _ => ClientResourceStatus.Requested,
        },
        ErrorState = status.Error is null ? null : new UpdateFailureState
        {
            Details = status.Error, VersionInfo = status.SentVersion ?? "", LastUpdateAttempt = status.ChangedAt.ToTimestamp(),
        },
    };
}
