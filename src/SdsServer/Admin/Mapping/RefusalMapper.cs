using System.Collections.Frozen;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>The engine's refusals as the API's: who blocks, until when, and what to do.</summary>
internal sealed class RefusalMapper(ResourceNames names)
{
    private static readonly FrozenDictionary<string, Api.RefusalCode> Codes = new Dictionary<string, Api.RefusalCode>
    {
        ["trust_not_everywhere"] = Api.RefusalCode.GateClosed,
        ["wave_not_proven"] = Api.RefusalCode.GateClosed,
        ["awaiting_approval"] = Api.RefusalCode.GateClosed,
        ["awaiting_webhook"] = Api.RefusalCode.GateClosed,
        ["leaves_outstanding"] = Api.RefusalCode.GateClosed,
        ["override_incomplete"] = Api.RefusalCode.OverrideNotPossible,
        ["not_trusted"] = Api.RefusalCode.NotTrusted,
        ["too_many_roots"] = Api.RefusalCode.TooManyRoots,
        ["role_not_possible"] = Api.RefusalCode.RoleNotPossible,
        ["managed_trust"] = Api.RefusalCode.TrustManaged,
        ["anchors_not_ours"] = Api.RefusalCode.AnchorsNotOurs,
        ["root_still_needed"] = Api.RefusalCode.GateClosed,
        ["root_not_gone"] = Api.RefusalCode.GateClosed,
        ["authority_still_needed"] = Api.RefusalCode.GateClosed,
        ["held"] = Api.RefusalCode.Held,
        ["rotation_under_way"] = Api.RefusalCode.RotationActive,
        ["unfit_root"] = Api.RefusalCode.CandidateUnfit,
        ["in_use"] = Api.RefusalCode.AuthorityInUse,
        ["connected"] = Api.RefusalCode.InstanceConnected,
    }.ToFrozenDictionary();

    /// <param name="refusal">The engine's.</param>
    /// <param name="message">What the engine said beside it; replaces an empty message.</param>
    /// <param name="counts">All blockers by reason; null counts the ones listed.</param>
    public Api.Refusal Map(Refusal refusal, string message = "", IReadOnlyDictionary<BlockerReason, int>? counts = null)
    {
        Api.RefusalCode code = Codes.GetValueOrDefault(refusal.Code);
        counts ??= refusal.Blockers.CountBy(blocker => blocker.Reason).ToDictionary();
        return new Api.Refusal
        {
            Code = code,
            Gate = code is Api.RefusalCode.GateClosed or Api.RefusalCode.Held or Api.RefusalCode.CandidateUnfit or Api.RefusalCode.OverrideNotPossible ? Labels.Of(refusal.Gate) : Api.GateCode.Unspecified,
            Message = WithAdvice(code, refusal.Message.Length == 0 || (code == Api.RefusalCode.OverrideNotPossible && message.Length > 0) ? message : refusal.Message),
            Blockers = { refusal.Blockers.Where(blocker => blocker.Reason != BlockerReason.UnfitRoot).Select(Map) },
            BlockerCounts =
            {
                counts.Where(count => count.Key != BlockerReason.UnfitRoot).OrderBy(count => count.Key)
                    .Select(count => new Api.BlockerCount { Reason = Reason(count.Key), Count = count.Value }),
            },
            EarliestTime = refusal.Earliest?.ToTimestamp(),
            OverrideBreaks = { refusal.OverrideBreaks },
            Findings = { refusal.Blockers.Where(blocker => blocker.Reason == BlockerReason.UnfitRoot).Select(blocker => blocker.Detail) },
        };
    }

    public Api.Blocker Map(Blocker blocker) => new()
    {
        Subject = blocker.InstanceId.Length > 0 ? names.Instance(blocker.InstanceId) : names.TrustDomain,
        SpiffeId = blocker.SpiffeId,
        NodeId = blocker.NodeId,
        Reason = Reason(blocker.Reason),
        Detail = blocker.Detail,
        Until = blocker.Until?.ToTimestamp(),
        Leaf = blocker.LeafSerial.Length > 0 ? names.Leaf(blocker.LeafSerial) : "",
        Overridable = blocker.OverrideName is not null,
    };

    public static Api.BlockerReason Reason(BlockerReason reason) => reason switch
    {
        BlockerReason.PendingAck => Api.BlockerReason.PendingAck,
        BlockerReason.Nacked => Api.BlockerReason.Nacked,
        BlockerReason.Absent => Api.BlockerReason.Absent,
        BlockerReason.NeedsOutgoingRoot => Api.BlockerReason.NeedsOldRoot,
        BlockerReason.StaleReplica => Api.BlockerReason.StaleReplica,
        BlockerReason.Soak => Api.BlockerReason.Soak,
        BlockerReason.Signer => Api.BlockerReason.ProviderUnhealthy,
        BlockerReason.YoungTerm => Api.BlockerReason.LeaderSettling,
        BlockerReason.PendingLeaf => Api.BlockerReason.PendingLeaf,
        BlockerReason.UnmanagedTrust => Api.BlockerReason.UnmanagedTrust,
        BlockerReason.Webhook => Api.BlockerReason.Webhook,
        BlockerReason.Approval => Api.BlockerReason.AwaitingApproval,
        BlockerReason.MissingAnchor => Api.BlockerReason.MissingAnchor,
        _ => Api.BlockerReason.Unspecified,
    };

    private static string WithAdvice(Api.RefusalCode code, string message) => code switch
    {
        Api.RefusalCode.GateClosed => $"{message}: bring back or retire who is absent, mend who refuses, wait for the others",
        _ => message,
    };
}
