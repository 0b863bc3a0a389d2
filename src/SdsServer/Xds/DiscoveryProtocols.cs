using System.Buffers;
using Google.Protobuf;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Xds;

/// <summary>The two protocols.</summary>
internal static class DiscoveryProtocols
{
    /// <summary>
    /// Bytes of one request. An Envoy 1.40 says 61 KB of its extensions and features in each, not only in the first one, unless it is told otherwise; the
    /// rest is for the metadata of its node and for names.
    /// </summary>
    public const int MaxRequestSize = 256 * 1024;

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
