using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.LeafService: the leaves that some proxy may present.</summary>
internal sealed class LeafService(TrustDomainAccess access, AdminCalls calls, LeafMapper mapper, ResourceNames names)
{
    public static ServiceDescriptor Descriptor { get; } =
        Api.LeafServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(LeafService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<Api.ListLeavesRequest, Api.ListLeavesResponse>("ListLeaves", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)));

    private async Task<Api.ListLeavesResponse> ListAsync(Api.ListLeavesRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        string instance = request.Instance.Length > 0 ? check.Id("instance", request.Instance, ResourceNames.Instances) : "";
        string authority = request.Authority.Length > 0 ? check.Id("authority", request.Authority, ResourceNames.Authorities) : "";
        check.Require(
            "states",
            request.States.All(state => state != Api.LeafState.Unspecified && Enum.IsDefined(state)),
            "must be of ISSUED, ACKED, NACKED, SUPERSEDED, EXPIRED, RETIRED; empty for all");
        DateTimeOffset? expiresBefore = check.Time("expires_before", request.ExpiresBefore);
        int size = Pages.Size(check, request.PageSize);
        Api.ListLeavesRequest scope = request.Clone();
        (scope.PageSize, scope.PageToken) = (0, "");
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();

        FleetReading reading = await access.ReadAsync(FleetReading.Of, context.CancellationToken);
        IEnumerable<LedgerRow> rows = reading.Instances.SelectMany(view => view.Outstanding).Where(row =>
            (request.States.Count == 0 || request.States.Contains(LeafMapper.State(row.State)))
            && row.Key.SpiffeId.StartsWith(request.SpiffeIdPrefix, StringComparison.Ordinal)
            && (instance.Length == 0 || row.InstanceId == instance)
            && (authority.Length == 0 || row.AuthorityId == authority)
            && (request.NeedsRootId.Length == 0 || Needs(row, request.NeedsRootId, reading))
            && (expiresBefore is null || row.NotAfter < expiresBefore));
        (IReadOnlyList<LedgerRow> page, string next) = Pages.Cut(rows, row => Pages.NewestFirst(row.NotBefore, row.Serial), after, size, scope);
        return new Api.ListLeavesResponse { Leaves = { page.Select(mapper.Map) }, NextPageToken = next };
    }

    // As the engine counts it: no other root that every member enforces vouches for the leaf.
    private static bool Needs(LedgerRow row, string root, FleetReading reading) =>
        row.Anchors.Contains(root) && !row.Anchors.Any(anchor => anchor != root && reading.State.IsSafe(anchor, reading.Floor));
}
