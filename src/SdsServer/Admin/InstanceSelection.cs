using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin;

/// <summary>Which instances a caller wants to see: those that fit every field that is set.</summary>
internal sealed class InstanceSelection
{
    private readonly Api.InstanceFilter _filter;

    public InstanceSelection(Api.InstanceFilter? filter, RequestCheck check)
    {
        _filter = filter ?? new Api.InstanceFilter();
        check.Require(
            "filter.states",
            _filter.States.All(state => state != Api.InstanceState.Unspecified && Enum.IsDefined(state)),
            "must be of MEMBER, PENDING, ABSENT, QUARANTINED; empty for all");
        check.Require("filter.below_epoch", _filter.BelowEpoch >= 0, "must not be negative; 0 for all");
    }

    public bool Fits(InstanceView instance) =>
        (_filter.States.Count == 0 || _filter.States.Contains(InstanceMapper.State(instance)))
        && instance.Key.SpiffeId.StartsWith(_filter.SpiffeIdPrefix, StringComparison.Ordinal)
        && (_filter.NodeId.Length == 0 || instance.Key.NodeId == _filter.NodeId)
        && (_filter.BelowEpoch == 0 || instance.Lo < _filter.BelowEpoch)
        && (!_filter.Nacked || instance.Refusing)
        && (!_filter.UnmanagedTrust || instance.UnmanagedTrust);
}
