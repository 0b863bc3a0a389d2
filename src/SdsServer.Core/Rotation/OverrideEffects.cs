using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>What passing over blockers would break: for whom, and until when. One sentence for each way. Pure.</summary>
public static class OverrideEffects
{
    /// <param name="plan">Whose gate is shut.</param>
    /// <param name="verdict">The move behind the gate.</param>
    /// <param name="left">The root that goes, or has gone, as an operator knows it; empty where none does.</param>
    /// <param name="isTrusted">Every member has proven the bundle that the move rests on.</param>
    /// <param name="blockers">All of them; what nothing passes over is left out.</param>
    public static ImmutableArray<string> Of(RotationPlan plan, Verdict verdict, string left, bool isTrusted, IReadOnlyCollection<Blocker> blockers) =>
    [
        .. blockers.Where(blocker => blocker.OverrideName is not null).GroupBy(blocker => KindOf(blocker, isTrusted)).OrderBy(group => group.Key)
            .Select(group => Sentence(plan, verdict, left, group.Key, [.. group])),
    ];

    // Who has not proven the bundle is as bad whether it is away, silent or refuses.
    private static BlockerReason KindOf(Blocker blocker, bool isTrusted) => blocker.Reason switch
    {
        BlockerReason.PendingAck or BlockerReason.Absent or BlockerReason.UnmanagedTrust => BlockerReason.PendingAck,
        BlockerReason.Nacked => isTrusted ? BlockerReason.PendingLeaf : BlockerReason.PendingAck,
        _ => blocker.Reason,
    };

    private static string Sentence(RotationPlan plan, Verdict verdict, string left, BlockerReason kind, List<Blocker> blockers)
    {
        string target = plan.Target;
        Blocker[] proxies = [.. blockers.Where(blocker => blocker.InstanceId.Length > 0)];
        string names = ProxyNames.Of(proxies);
        string it = proxies.Select(proxy => proxy.InstanceId).Distinct().Count() == 1 ? "it" : "each";
        return (kind, verdict.Gate) switch
        {
            (BlockerReason.PendingAck, Gate.G4) =>
                $"{names}: {it} may go on to accept what is signed under {left}{(plan.Kind == RotationKind.Emergency ? ", a thief's certificates too" : "")}, and gets no leaf until it has taken the bundle without it",
            (BlockerReason.PendingAck, _) =>
                $"{names} without proof of trust in the root of '{target}': {it} may refuse leaves of '{target}' until it has taken the bundle, so that its calls to and from moved proxies fail, and gets no leaf before{(plan.Kind == RotationKind.Emergency && left.Length > 0 ? $"; until then it accepts what is signed under {left}, a thief's certificates too, also when the rotation is over" : "")}",
            (BlockerReason.PendingLeaf, Gate.G3) => $"{names}: the new leaf is not shown to be in use; whoever uses an older one is refused by every peer",
            (BlockerReason.PendingLeaf, Gate.G2) =>
                $"{names} not shown to use a leaf of '{target}': {it} goes on with the leaf it has, if any, which every peer accepts; if the fault is not its own, wave {verdict.Wave} meets it too",
            (BlockerReason.PendingLeaf, _) => $"{names}: {it} goes on with what it has accepted; if what it refuses is not its own fault, moved proxies meet it too",
            (BlockerReason.NeedsOutgoingRoot, Gate.G4) =>
                $"{Leaves(blockers, names)}: still in use when the rotation ends; every peer accepts what is under '{plan.Outgoing}' until it expires",
            (BlockerReason.NeedsOutgoingRoot, _) =>
                $"{Leaves(blockers, names)}: every peer refuses what needs {left} from then on; calls to and from there fail until a leaf of '{target}' has taken its place",
            (BlockerReason.MissingAnchor, _) =>
                $"{names}: {it} loses its link to this server at its next connect, and gets no renewals, until its anchors hold the root of '{target}'",
            (BlockerReason.Webhook, _) => "the webhook's no is not heeded: what it has found is carried further",
            (_, Gate.G3 or Gate.G4) => $"the wait is cut short: connections made under {left} may still be open, and nothing closes them",
            (_, Gate.G2) => $"the wait is cut short: wave {verdict.Wave} begins before the others have been watched for as long as the policy says",
            _ => $"the wait is cut short: '{target}' signs earlier than the policy says",
        };
    }

    private static string Leaves(List<Blocker> blockers, string names)
    {
        int exported = blockers.Count(blocker => blocker.InstanceId.Length == 0);
        int leaves = blockers.Count - exported;
        string[] parts =
        [
            .. leaves == 0 ? [] : new[] { $"{leaves} {(leaves == 1 ? "leaf" : "leaves")} of {names}" },
            .. exported == 0 ? [] : new[] { $"{exported} exported CA {(exported == 1 ? "certificate" : "certificates")}, with every leaf below" },
        ];
        return string.Join(" and ", parts);
    }
}
