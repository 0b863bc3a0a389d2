using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

internal sealed class DeltaDriver : SessionDriver<DeltaDiscoveryRequest>
{
    public SessionStep Subscribe(params string[] names) => Handle(new DeltaDiscoveryRequest { ResourceNamesSubscribe = { names } });

    public SessionStep Unsubscribe(params string[] names) => Handle(new DeltaDiscoveryRequest { ResourceNamesUnsubscribe = { names } });

    public SessionStep Reconnect(params (string Name, string Version)[] held)
    {
        DeltaDiscoveryRequest request = new() { ResourceNamesSubscribe = { held.Select(name => name.Name) } };
        foreach ((string name, string version) in held)
        {
            request.InitialResourceVersions[name] = version;
        }

        return Handle(request);
    }

    public SessionStep Ack() => Handle(new DeltaDiscoveryRequest { ResponseNonce = Last!.Nonce });

    public SessionStep Nack(string error) => Handle(new DeltaDiscoveryRequest { ResponseNonce = Last!.Nonce, ErrorDetail = Refusal(error) });

    protected override DiscoverySession<DeltaDiscoveryRequest> Create() =>
        new DeltaSession(TestSecrets.Client with { Workload = Workload }, TestSecrets.Names, Limits, "d", NextSubscription);
}
