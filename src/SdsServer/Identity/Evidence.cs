using System.Collections.Immutable;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;

namespace SdsServer.Identity;

/// <summary>What a caller has proven of itself, before anybody decides what that is worth.</summary>
/// <param name="Selectors">The facts, each proven.</param>
internal sealed record Evidence(ImmutableArray<Selector> Selectors)
{
    /// <summary>Whom it names by itself; null where only a registration can.</summary>
    public Workload? Workload { get; init; }

    /// <summary>When it expires; null: never.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>Fires when it is taken back.</summary>
    public CancellationToken Withdrawn { get; init; }

    /// <summary>Called when a stream opens on it, whose end disposes of the result: evidence that is held is judged again and again. Null: it needs none of that.</summary>
    public Func<IDisposable>? Hold { get; init; }
}
