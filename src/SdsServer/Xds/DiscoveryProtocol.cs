using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Core.V3;

namespace SdsServer.Xds;

/// <summary>In what state-of-the-world and delta differ, as far as the loop of a stream is concerned.</summary>
/// <param name="Node">Takes the node out of a request: what is left is small.</param>
/// <param name="TypeUrl">The type a request is about; may be empty.</param>
/// <param name="Open">Begins the session of secrets on a stream.</param>
/// <param name="Encode">A response as bytes.</param>
internal sealed record DiscoveryProtocol<TRequest>(
    Func<TRequest, Node?> Node,
    Func<TRequest, string> TypeUrl,
    Func<StreamClient, SecretNames, XdsLimits, string, Func<long>, DiscoverySession<TRequest>> Open,
    Func<SecretEncoder, SecretResponse, EncodedMessage> Encode);
