using System.Net;
using SdsServer.Core.Fleet;

namespace SdsServer.Xds;

/// <summary>Who opened a stream, by evidence.</summary>
/// <param name="Workload">Its identity and what its leaves carry.</param>
/// <param name="Peer">See <see cref="InstanceKey.Peer"/>.</param>
/// <param name="ValidUntil">When the evidence expires, a token's for instance: the stream then ends with UNAUTHENTICATED. Null: never.</param>
/// <param name="Withdrawn">Fires when the evidence is taken back, a token deleted for instance: the stream then ends in the same way.</param>
public sealed record Caller(Workload Workload, string Peer, DateTimeOffset? ValidUntil = null, CancellationToken Withdrawn = default)
{
    /// <summary>
    /// Whether the evidence still stands for this very workload; looked at before each response, so it must be quick. Else the stream ends, as
    /// if the evidence were withdrawn. For the loop of the stream alone.
    /// </summary>
    public Func<bool> Stands { get; init; } = static () => true;

    /// <summary>Called when a stream opens, whose end disposes of the result; null: nobody needs to know.</summary>
    public Func<IDisposable>? Hold { get; init; }

    /// <summary>The address it connects from; null on a Unix socket.</summary>
    public IPAddress? Address { get; init; }
}
