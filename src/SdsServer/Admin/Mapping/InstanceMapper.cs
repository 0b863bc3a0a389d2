using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>An Envoy process as the API shows it.</summary>
internal sealed class InstanceMapper(ResourceNames names)
{
    public Api.Instance Map(InstanceView instance)
    {
        Api.Instance mapped = new()
        {
            Name = names.Instance(instance.Id),
            SpiffeId = instance.Key.SpiffeId,
            NodeId = instance.Key.NodeId,
            Peer = instance.Key.Peer,
            UserAgent = instance.NodeVersion.Length > 0 ? $"envoy {instance.NodeVersion}" : "",
            Connected = instance.Connected,
            State = State(instance),
            LowestEpoch = instance.Lo,
            Slots = instance.BundleSlots,
            LiveSubscriptions = instance.BundleSubscriptions,
            Dirty = instance.Dirty,
            OutstandingLeaves = { instance.Outstanding.Select(Map) },
            LastNack = instance is { Refusing: true, LastNack: { } nack }
                ? new Api.Nack { Secret = nack.Secret, Time = nack.At.ToTimestamp(), Detail = nack.Error }
                : null,
            BundleOnly = instance.Rostered,
            FirstSeenTime = instance.FirstSeen?.ToTimestamp(),
            LastSeenTime = instance.LastSeen?.ToTimestamp(),
            Secrets = { instance.Secrets },
            Wave = instance.Wave,
            UnmanagedTrust = instance.UnmanagedTrust,
            TrustConfirmed = instance.TrustConfirmed,
            Cluster = instance.Traits.Cluster,
        };
        mapped.Labels.Add(instance.Traits.Labels.ToDictionary());
        return mapped;
    }

    public static Api.InstanceState State(InstanceView instance) => instance switch
    {
        { Quarantined: true } => Api.InstanceState.Quarantined,
        { Member: false } => Api.InstanceState.Pending,
        { Connected: false } => Api.InstanceState.Absent,
        _ => Api.InstanceState.Member,
    };

    private Api.OutstandingLeaf Map(LedgerRow leaf) => new()
    {
        Serial = leaf.Serial,
        Authority = names.Authority(leaf.AuthorityId),
        NotAfter = leaf.NotAfter.ToTimestamp(),
        Acked = leaf.State == LeafState.Acked,
        Nacked = leaf.State == LeafState.Nacked,
    };
}
