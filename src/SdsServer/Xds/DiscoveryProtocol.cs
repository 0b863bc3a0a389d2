using System.Buffers;
using Google.Protobuf;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;

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

internal static class DiscoveryProtocol
{
    private static readonly MessageParser<DiscoveryRequest> s_sotw = DiscoveryRequest.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<DeltaDiscoveryRequest> s_delta = DeltaDiscoveryRequest.Parser.WithDiscardUnknownFields(true);

    public static DiscoveryProtocol<DiscoveryRequest> Sotw { get; } = new(
        static request => (request.Node, request.Node = null).Item1,
        static request => request.TypeUrl,
        static (client, names, limits, nonces, ids) => new SotwSession(client, names, limits, nonces, ids),
        static (encoder, response) => new EncodedMessage(encoder.Sotw(response)));

    public static DiscoveryProtocol<DeltaDiscoveryRequest> Delta { get; } = new(
        static request => (request.Node, request.Node = null).Item1,
        static request => request.TypeUrl,
        static (client, names, limits, nonces, ids) => new DeltaSession(client, names, limits, nonces, ids),
        static (encoder, response) => new EncodedMessage(encoder.Delta(response)));

    /// <summary>An Envoy names hundreds of extensions in each request, 61 KB of what would be unknown fields.</summary>
    public static DiscoveryRequest ParseSotw(ReadOnlySequence<byte> bytes) => s_sotw.ParseFrom(bytes);

    /// <inheritdoc cref="ParseSotw"/>
    public static DeltaDiscoveryRequest ParseDelta(ReadOnlySequence<byte> bytes) => s_delta.ParseFrom(bytes);
}
