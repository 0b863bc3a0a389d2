using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

internal sealed class SotwDriver : SessionDriver<DiscoveryRequest>
{
    private string _accepted = "";

    public bool IsAggregated { get; init; }

    public SessionStep Request(string nonce, string version, params string[] names) =>
        Handle(new DiscoveryRequest { ResponseNonce = nonce, VersionInfo = version, ResourceNames = { names } });

    /// <summary>The first request of a stream.</summary>
    public SessionStep Subscribe(params string[] names) => Request("", "", names);

    public SessionStep Ack(params string[] names)
    {
        _accepted = Last!.Version;
        return Request(Last.Nonce, _accepted, names);
    }

    public SessionStep Nack(string error, params string[] names) => Handle(new DiscoveryRequest
    {
        ResponseNonce = Last!.Nonce, VersionInfo = _accepted, ResourceNames = { names }, ErrorDetail = Refusal(error),
    });

    protected override DiscoverySession<DiscoveryRequest> Create() =>
        new SotwSession(TestSecrets.Client with { Workload = Workload, IsAggregated = IsAggregated }, TestSecrets.Names, Limits, "s", NextSubscription);
}
