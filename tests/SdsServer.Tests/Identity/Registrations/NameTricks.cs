using System.Text;
using Google.Protobuf;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Tests.Xds;
using SdsServer.Xds;

namespace SdsServer.Tests.Identity.Registrations;

/// <summary>Names by which somebody may hope to get what is another's, and what the server answers to one.</summary>
internal static class NameTricks
{
    private static readonly string[] s_tricks =
    [
        "spiffe://example.org/{0}/", "spiffe://example.org//{0}", "spiffe://example.org/./{0}", "spiffe://example.org/x/../{0}", "spiffe://example.org/{0}/..",
        "spiffe://example.org/{0}?x", "spiffe://example.org/{0}#x", "spiffe://example.org/{0}%20", "spiffe://example.org/{0}\0", "spiffe://example.org/{0}\u200b", " spiffe://example.org/{0}",
        "spiffe://example.org/{0} ", "SPIFFE://example.org/{0}", "spiffe://EXAMPLE.org/{0}", "spiffe://example.org./{0}", "spiffe://example.org:443/{0}", "spiffe://x@example.org/{0}",
        "spiffe:/example.org/{0}", "spiffe://other.org/{0}", "spiffe://example.org/", "spiffe://example.org/ns/{0}", "Default", "default ", "ｄefault", "defauⅼt", "ROOTCA\0", "rootca",
        "../ROOTCA", "default/../ROOTCA", "leaves", "leaves/", "Leaves/a", "/leaves/a", "session_ticket_keys/", "",
    ];

    /// <summary>Another's SPIFFE ID in every spelling, and the caller's own in all that are wrong.</summary>
    public static string[] Of(string caller, string victim) =>
    [
        .. s_tricks.Select(trick => trick.Replace("{0}", victim, StringComparison.Ordinal))
            .Concat(s_tricks.Where(trick => trick.Contains("{0}", StringComparison.Ordinal)).Select(trick => trick.Replace("{0}", caller, StringComparison.Ordinal)))
            .Prepend($"spiffe://example.org/{victim}")
            .Distinct(),
    ];

    /// <summary>The answer to one name that the caller may not have, in delta, with the name and the nonce cut out.</summary>
    /// <param name="channel">A connection for this question alone.</param>
    public static async Task<byte[]> AnswerAsync(GrpcChannel channel, Metadata headers, string name)
    {
        using GrpcChannel own = channel;
        await using ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call = own.Duplex(
            new GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(SecretDiscoveryService.Descriptor, "DeltaSecrets"), new CallOptions(headers));
        await call.WriteAsync(new DeltaDiscoveryRequest { Node = XdsStream.Node, ResourceNamesSubscribe = { name } });
        DeltaDiscoveryResponse response = (await call.ReadAsync().AsTask().WaitAsync(XdsTestServer.Patience))!;
        Assert.Equal(name, Assert.Single(response.RemovedResources));
        response.Nonce = "";
        return Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(response.ToByteArray()).Replace(name, "", StringComparison.Ordinal));
    }
}
