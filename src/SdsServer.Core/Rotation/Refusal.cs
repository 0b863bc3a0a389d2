using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>Why a move is not made now. Every refusal has this one shape.</summary>
/// <param name="Code">Stable, lower-case with underscores.</param>
/// <param name="Blockers">At most <see cref="MaxBlockers"/> of them.</param>
/// <param name="BlockerCount">How many there are in all.</param>
/// <param name="Earliest">When the gate opens at the latest if nobody acts and nothing new happens; null when it needs an act.</param>
/// <param name="OverrideBreaks">What would stop working if the gate were forced, for whom: a sentence for each way.</param>
public sealed record Refusal(
    string Code,
    Gate Gate,
    string Message,
    ImmutableArray<Blocker> Blockers,
    int BlockerCount,
    DateTimeOffset? Earliest,
    ImmutableArray<string> OverrideBreaks)
{
    public const int MaxBlockers = 100;
}
