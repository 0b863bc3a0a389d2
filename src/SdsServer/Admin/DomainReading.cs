using System.Collections.Frozen;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin;

/// <summary>A trust domain at one moment, all of it from between the same two events.</summary>
/// <param name="Progress">Towards the target of the rotation that is under way; null without one.</param>
/// <param name="Outlook">The next move and why it is not made; null without a rotation.</param>
/// <param name="WaveFacts">The connected proxies that take leaves, by what the waves have done to them.</param>
/// <param name="Waves">One by one; empty without a rotation, and on the way back.</param>
/// <param name="Serving">The server's own serving certificate; null where it serves with an operator's.</param>
/// <param name="BlockerCounts">All blockers of the next move by reason, also those that <paramref name="Outlook"/> has no room for.</param>
internal sealed record DomainReading(
    TrustState State,
    long Floor,
    RotationPhase Phase,
    FleetSummary Fleet,
    FleetProgress? Progress,
    (Verdict Verdict, Refusal? Refusal)? Outlook,
    FrozenDictionary<BlockerReason, int> BlockerCounts,
    WaveFacts WaveFacts,
    IReadOnlyList<WaveView> Waves,
    ServingView? Serving)
{
    public static DomainReading Of(TrustDomainEngine engine)
    {
        (Verdict, Refusal?)? outlook = engine.Outlook();
        Refusal? refusal = outlook?.Item2;
        IEnumerable<Blocker> blockers = refusal is null ? [] : refusal.BlockerCount > refusal.Blockers.Length ? engine.AllBlockers() : refusal.Blockers;
        return new DomainReading(
            engine.State,
            engine.Floor,
            engine.Phase,
            engine.Summarize(),
            engine.State.Plan is { } plan ? engine.Progress(plan.Target) : null,
            outlook,
            blockers.CountBy(blocker => blocker.Reason).ToFrozenDictionary(),
            engine.WaveFacts,
            engine.Waving(),
            engine.ServingCertificate());
    }
}
