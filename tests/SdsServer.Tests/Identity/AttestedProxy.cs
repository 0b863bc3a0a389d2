using SdsServer.Core.Pki;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Tests.Xds;
using Metadata = SdsServer.Grpc.Metadata;

namespace SdsServer.Tests.Identity;

/// <summary>A proxy with a connection of its own, and on it a stream for the bundle, one for the leaf, and one for what else it asks for.</summary>
internal sealed class AttestedProxy(GrpcChannel channel, Transport transport, Metadata headers, Node claims) : IAsyncDisposable
{
    private readonly XdsStream _bundle = XdsStream.On(channel, transport, headers, claims);

    public XdsStream Leaf { get; } = XdsStream.On(channel, transport, headers, claims);

    public XdsStream Other { get; } = XdsStream.On(channel, transport, headers, claims);

    /// <summary>Whom a leaf names.</summary>
    public static string IdIn(Secret secret) =>
        Assert.Single(Certificate.ParsePem(secret.TlsCertificate.CertificateChain.InlineBytes.Span)[0].AlternativeNames.Uris);

    /// <summary>Takes the bundle, asks for the leaf and reads it.</summary>
    /// <param name="reported">The version of a leaf that it says to hold; empty: none.</param>
    public async Task<Received> ReadLeafAsync(string reported = "")
    {
        await _bundle.SubscribeAsync("ROOTCA");
        await _bundle.ReadAndAckAsync();
        await (reported.Length > 0 ? Leaf.ResumeAsync("default", reported) : Leaf.SubscribeAsync("default"));
        return await Leaf.ReadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _bundle.DisposeAsync();
        await Leaf.DisposeAsync();
        await Other.DisposeAsync();
        channel.Dispose();
    }
}
