using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A row of the ledger as the API shows it.</summary>
internal sealed class LeafMapper(ResourceNames names)
{
    public Api.Leaf Map(LedgerRow row) => new()
    {
        Name = names.Leaf(row.Serial),
        Serial = row.Serial,
        SpiffeId = row.Key.SpiffeId,
        Instance = names.Instance(row.InstanceId),
        Authority = names.Authority(row.AuthorityId),
        Anchors = { row.Anchors },
        IssueTime = row.NotBefore.ToTimestamp(),
        NotAfter = row.NotAfter.ToTimestamp(),
        State = State(row.State),
        CertificateAuthority = row.Kind == LedgerRowKind.ExportedCa,
    };

    public static Api.LeafState State(LeafState state) => state switch
    {
        LeafState.Issued => Api.LeafState.Issued,
        LeafState.Acked => Api.LeafState.Acked,
        LeafState.Nacked => Api.LeafState.Nacked,
        LeafState.Superseded => Api.LeafState.Superseded,
        LeafState.Expired => Api.LeafState.Expired,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };
}
