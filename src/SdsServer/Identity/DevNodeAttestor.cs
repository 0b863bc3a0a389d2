using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Core.V3;

namespace SdsServer.Identity;

/// <summary>For dev mode alone: <c>node.id</c>, which proves nothing, is believed.</summary>
internal sealed class DevNodeAttestor(TrustDomain trustDomain)
{
    /// <exception cref="RpcException">INVALID_ARGUMENT: it cannot be the path of a SPIFFE ID.</exception>
    public Evidence Find(Node node) => SpiffeId.TryParse($"{trustDomain.Uri}/{node.Id}", out SpiffeId? id, out string? reason)
        ? new Evidence([]) { Workload = new Workload(id.ToString(), [], BundleOnly: false) }
        : throw new RpcException(StatusCode.InvalidArgument, $"dev mode makes the identity from node.id, and '{node.Id}' cannot be the path of a SPIFFE ID: {reason}");
}
