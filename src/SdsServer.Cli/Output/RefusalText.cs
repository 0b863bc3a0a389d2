using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>Why something is refused: what blocks, who, until when, and what can be done about it.</summary>
internal static class RefusalText
{
    private const int Shown = 10;

    /// <param name="refusal">Of a gate or of a command.</param>
    /// <param name="now">For "in 5h22m".</param>
    /// <param name="rotation">The one whose gate it is; null where that is not known.</param>
    public static IEnumerable<string> Lines(Refusal refusal, DateTimeOffset now, Rotation? rotation = null)
    {
        if (refusal.Gate != GateCode.Unspecified)
        {
            yield return $"gate: {(rotation is null ? EnumText.Of(refusal.Gate) : EnumText.Of(refusal.Gate, rotation))}";
        }

        foreach (string finding in refusal.Findings)
        {
            yield return $"- {finding}";
        }

        foreach (string line in BlockerLines(refusal.Blockers, refusal.BlockerCounts, now))
        {
            yield return line;
        }

        if (refusal.EarliestTime is not null)
        {
            yield return $"opens by itself at the latest {TimeText.Both(refusal.EarliestTime, now)}";
        }
        else if (refusal.Code != RefusalCode.Held && Opens(refusal, rotation) is { } opens)
        {
            yield return opens;
        }

        if (refusal.OverrideBreaks.Count > 0 && refusal.Blockers.Any(blocker => blocker.Overridable))
        {
            yield return "an override would break:";
            foreach (string line in refusal.OverrideBreaks)
            {
                yield return $"  - {line}";
            }
        }
    }

    public static IEnumerable<string> BlockerLines(IReadOnlyList<Blocker> blockers, IReadOnlyList<BlockerCount> counts, DateTimeOffset now)
    {
        if (blockers.Count == 0)
        {
            yield break;
        }

        int total = Math.Max(blockers.Count, counts.Sum(count => count.Count));
        yield return $"blocked by {total}{(counts.Count > 0 ? $": {Counts(counts)}" : "")}";
        foreach (Blocker blocker in blockers.Take(Shown))
        {
            yield return $"  {Subject(blocker)}";
            yield return $"      {Why(blocker)}";
            yield return $"      {Ends(blocker, now)}";
        }

        if (total > Shown)
        {
            yield return $"  and {total - Shown} more";
        }
    }

    /// <summary>By what an override names a blocker.</summary>
    public static string OverrideName(Blocker blocker) => blocker.Leaf.Length > 0 ? blocker.Leaf
        : blocker.Reason == BlockerReason.Soak ? "soak"
        : blocker.Reason == BlockerReason.Webhook ? "webhook"
        : blocker.Subject;

    /// <summary>What to do about it, one sentence for each reason.</summary>
    public static IEnumerable<string> Advice(Refusal refusal) => refusal.Code switch
    {
        RefusalCode.Held when HoldText.PassOver(refusal) is { } over && refusal.Blockers.Any(blocker => blocker.Reason == BlockerReason.Webhook) =>
            ["ask the webhook again with 'sdsctl rotation unhold'", over],
        RefusalCode.Held => ["see why, and what lifts it, with 'sdsctl rotation status'"],
        RefusalCode.RotationActive => ["see it with 'sdsctl rotation status'; turn it back with 'sdsctl rotation rollback', or wait for its end; where its new root is stolen, or an emergency's does not sign: --emergency --compromised ID"],
        RefusalCode.RotationFinished => ["start a new one with 'sdsctl rotation start'"],
        RefusalCode.WrongPhase => ["see where it stands with 'sdsctl rotation status'"],
        RefusalCode.CandidateUnfit => ["make another root with 'sdsctl root create', or name another with --to; there is no way back to a stolen one"],
        RefusalCode.AuthorityTainted or RefusalCode.AuthorityInUse => ["see what every root does with 'sdsctl root list'"],
        RefusalCode.TooManyRoots => ["finish the rotation that holds the other root, or allow one more (Fleet:MaxRoots 3) and restart the server; see 'sdsctl root list'"],
        RefusalCode.RunwayTooShort => ["shorten the waits (--trust-soak, --canary-soak, --wave-soak, --drop-soak) or the leaves (--leaf-lifetime); or start with --emergency: add --dry-run first"],
        RefusalCode.NotTrusted => ["see which roots are trusted with 'sdsctl root list'"],
        RefusalCode.RoleNotPossible => ["see what every root does with 'sdsctl root list', and where the rotation stands with 'sdsctl rotation status'"],
        RefusalCode.InvariantViolated => ["change nothing more; see 'sdsctl rotation status' and the server's log, and report it"],
        RefusalCode.OverrideNotPossible => ["name every blocker that 'sdsctl rotation status' shows, each must be overridable; 'soak' names a wait, 'webhook' its no"],
        _ => OfBlockers(refusal.Blockers),
    };

    /// <summary>What helps who blocks, one sentence for each reason.</summary>
    /// <param name="blockers">Of a gate.</param>
    /// <param name="rotation">The one whose gate it is; null where that is not known.</param>
    public static IEnumerable<string> OfBlockers(IEnumerable<Blocker> blockers, Rotation? rotation = null) =>
        blockers.DistinctBy(blocker => blocker.Reason).Select(blocker => Advice(blocker, rotation)).OfType<string>();

    public static string Counts(IEnumerable<BlockerCount> counts) =>
        string.Join(", ", counts.Select(count => $"{count.Count} {EnumText.Of(count.Reason)}"));

    private static string? Advice(Blocker blocker, Rotation? rotation)
    {
        string id = ResourceName.Id(blocker.Subject);
        string who = blocker.NodeId.Length > 0 ? blocker.NodeId : id;
        return blocker.Reason switch
        {
            BlockerReason.PendingAck => $"{who}: it should answer within seconds; if it does not, see 'sdsctl proxy show {id}' and whether that Envoy hangs",
            BlockerReason.Nacked => $"{who}: read Envoy's words with 'sdsctl proxy show {id}', mend that Envoy, then send again with 'sdsctl proxy repush {id}'",
            BlockerReason.Absent when IsNobody(blocker) => "wait until proxies have connected again; if they do not, see whether they reach the server",
            BlockerReason.Absent => $"{who}: bring it back, or, if that process is gone for good, say so with 'sdsctl proxy retire {id}'",
            BlockerReason.StaleReplica => $"replica {id}: is it running, does it reach the store?",
            BlockerReason.ExportNotReadBack => $"export {id}: see that its consumer has taken it up",
            BlockerReason.UnmanagedTrust => $"{who}: see to it that it trusts what the bundle holds, then say so with 'sdsctl proxy confirm {id}'",
            BlockerReason.PendingLeaf => $"{who}: see what it waits for with 'sdsctl proxy show {id}'; send again with 'sdsctl proxy repush {id}'",
            BlockerReason.Webhook => "see what the webhook looks at",
            BlockerReason.NeedsOldRoot => $"{Leaves(rotation)}they are replaced or expire; where a proxy is gone for good, say so with 'sdsctl proxy retire ID'",
            BlockerReason.OldSigner => "wait for the waves",
            BlockerReason.ProviderUnhealthy => $"{id}: bring its provider back; the server's log says how it fails",
            BlockerReason.AwaitingApproval => "take the step with 'sdsctl rotation advance'",

            // These end by themselves, and when stands with them.
            _ => null,
        };
    }

    // What opens the gate, where no time is known; null where that cannot be told from here.
    private static string? Opens(Refusal refusal, Rotation? rotation) =>
        refusal.Blockers.Count == 0 ? null
        : refusal.Blockers.Any(NeedsPerson) || rotation is { Waves.Silent: > 0 } ? "does not open by itself: somebody has to act"
        : rotation is null || refusal.Blockers.Count < refusal.BlockerCounts.Sum(count => count.Count) ? null
        : refusal.Blockers.Any(blocker => blocker.Until is null && IsNobody(blocker)) ? "opens by itself once proxies have connected"
        : "opens by itself once the missing answers are there";

    private static bool NeedsPerson(Blocker blocker) => blocker.Until is null && !IsAnswering(blocker) && !(blocker.Reason == BlockerReason.Absent && IsNobody(blocker));

    private static bool IsAnswering(Blocker blocker) =>
        blocker.Reason is BlockerReason.PendingAck or BlockerReason.PendingLeaf or BlockerReason.StaleReplica or BlockerReason.NeedsOldRoot or BlockerReason.OldSigner;

    private static string Ends(Blocker blocker, DateTimeOffset now) =>
        blocker.Until is not null ? $"until {TimeText.Both(blocker.Until, now)}"
        : IsAnswering(blocker) ? "ends with its answer"
        : blocker.Reason == BlockerReason.MissingAnchor ? "ends when it has the new anchors, or with the bootstrap grace"
        : NeedsPerson(blocker) ? "does not end by itself"
        : "ends when proxies have connected";

    // No proxy blocks, but that there is none: the blocker is about the whole trust domain.
    private static bool IsNobody(Blocker blocker) => blocker is { SpiffeId.Length: 0, NodeId.Length: 0 } && !blocker.Subject.Contains("/instances/", StringComparison.Ordinal);

    // Intermediates share their root, so that every leaf needs it.
    private static string Leaves(Rotation? rotation) =>
        rotation is null ? "" : $"see the leaves with 'sdsctl leaf list {(rotation.Kind == RotationKind.Intermediate ? "--root" : "--needs")} {rotation.Left()}'; ";

    private static string Subject(Blocker blocker)
    {
        string id = ResourceName.Id(blocker.Subject);
        if (blocker.SpiffeId.Length == 0)
        {
            return id;
        }

        string node = blocker.NodeId.Length > 0 ? $"node {blocker.NodeId}, " : "";
        string leaf = blocker.Leaf.Length > 0 ? $", leaf {ResourceName.Id(blocker.Leaf)}" : "";
        return $"{blocker.SpiffeId} ({node}proxy {id}{leaf})";
    }

    private static string Why(Blocker blocker)
    {
        string detail = blocker.Detail.Length == 0 ? ""
            : blocker.Reason == BlockerReason.Nacked ? $": Envoy says \"{blocker.Detail}\"" : $": {blocker.Detail}";
        return $"{EnumText.Of(blocker.Reason)}{detail}{(blocker.Overridable ? " (overridable)" : "")}";
    }
}
