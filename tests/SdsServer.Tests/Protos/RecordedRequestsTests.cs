using Google.Protobuf;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Protos.Google.Rpc;

namespace SdsServer.Tests.Protos;

public sealed class RecordedRequestsTests
{
    private static readonly MessageParser<DiscoveryRequest> Sotw = DiscoveryRequest.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<DeltaDiscoveryRequest> Delta = DeltaDiscoveryRequest.Parser.WithDiscardUnknownFields(true);

    [RecordedFact]
    public void Every_request_reads_as_the_recorder_read_it()
    {
        foreach (var request in Requests())
        {
            var content = request.IsDelta ? Describe(Delta.ParseFrom(request.Bytes)) : Describe(Sotw.ParseFrom(request.Bytes));

            Assert.Equal((request.File, request.Length, request.Content), (request.File, request.Bytes.Length, content));
        }
    }

    [RecordedFact]
    public void Every_request_asks_for_secrets_and_says_which_Envoy_sends_it()
    {
        foreach (var request in Requests())
        {
            var (typeUrl, node) = TypeAndNode(request);
            var version = node.UserAgentBuildVersion.Version;

            Assert.Equal((request.File, "type.googleapis.com/" + Secret.Descriptor.FullName), (request.File, typeUrl));
            Assert.Equal((request.File, "envoy"), (request.File, node.UserAgentName));
            Assert.Equal(request.Envoy, new Version((int)version.MajorNumber, (int)version.MinorNumber, (int)version.Patch));
            Assert.NotEmpty(node.Id);
            Assert.NotEmpty(node.Cluster);
        }
    }

    [RecordedFact]
    public void A_parsed_request_keeps_none_of_the_extension_names()
    {
        foreach (var request in Requests())
        {
            var kept = Known(request).CalculateSize();

            Assert.True(kept < 1024, $"{request.File}: {kept} of {request.Bytes.Length} bytes are kept");
        }
    }

    [RecordedFact]
    public void Only_the_node_has_fields_we_do_not_know()
    {
        foreach (var request in Requests())
        {
            Assert.Equal((request.File, WithoutNode(Whole(request))), (request.File, WithoutNode(Known(request))));
        }
    }

    private static IReadOnlyList<RecordedRequest> Requests()
    {
        var requests = RecordedRequests.Load();
        Assert.NotEmpty(requests);
        var files = Directory.EnumerateFiles(RecordedRequests.Folder, "*.request.pb", SearchOption.AllDirectories);
        Assert.Empty(files.Except(requests.Select(request => request.File)));
        return requests;
    }

    private static (string TypeUrl, Node Node) TypeAndNode(RecordedRequest request)
    {
        if (request.IsDelta)
        {
            var delta = Delta.ParseFrom(request.Bytes);
            return (delta.TypeUrl, delta.Node);
        }

        var sotw = Sotw.ParseFrom(request.Bytes);
        return (sotw.TypeUrl, sotw.Node);
    }

    private static IMessage Known(RecordedRequest request) =>
        request.IsDelta ? Delta.ParseFrom(request.Bytes) : Sotw.ParseFrom(request.Bytes);

    private static IMessage Whole(RecordedRequest request) =>
        request.IsDelta ? DeltaDiscoveryRequest.Parser.ParseFrom(request.Bytes) : DiscoveryRequest.Parser.ParseFrom(request.Bytes);

    private static IMessage WithoutNode(IMessage request)
    {
        request.Descriptor.FindFieldByName("node").Accessor.Clear(request);
        return request;
    }

    // In the recorder's own format.
    private static string Describe(DiscoveryRequest request) =>
        $"version=\"{request.VersionInfo}\" nonce=\"{request.ResponseNonce}\" names={List(request.ResourceNames)} " +
        $"err={Describe(request.ErrorDetail)} node={(request.Node is null ? "false" : "true")}";

    private static string Describe(DeltaDiscoveryRequest request) =>
        $"nonce=\"{request.ResponseNonce}\" sub={List(request.ResourceNamesSubscribe)} unsub={List(request.ResourceNamesUnsubscribe)} " +
        $"init=map{List(request.InitialResourceVersions.Select(held => $"{held.Key}:{held.Value}"))} " +
        $"err={Describe(request.ErrorDetail)} node={(request.Node is null ? "false" : "true")}";

    private static string Describe(Status? error) => error is null ? "<nil>" : $"code:{error.Code} message:\"{error.Message}\"";

    private static string List(IEnumerable<string> items) => $"[{string.Join(' ', items)}]";
}
