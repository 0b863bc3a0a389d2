using System.Collections.Concurrent;
using SdsServer.Limits;

namespace SdsServer.Identity;

/// <summary>Logs refusals, of each kind one in ten seconds: anybody can send bad credentials.</summary>
/// <param name="write">Peer, kind, reason, and how many of that kind were not logged since the last line.</param>
internal sealed class RefusalLog<TKind>(TimeProvider time, Action<string, TKind, string, long> write)
    where TKind : struct, Enum
{
    private readonly ConcurrentDictionary<TKind, RefusalCount> _kinds = new();

    public void Add(string peer, TKind refusal, string reason)
    {
        if (_kinds.GetOrAdd(refusal, static (_, time) => new RefusalCount(time), time).Add() is { } unlogged)
        {
            write(peer, refusal, Shown.Text(reason), unlogged);
        }
    }
}
