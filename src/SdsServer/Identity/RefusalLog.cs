namespace SdsServer.Identity;

/// <summary>Logs refusals, of each kind one in ten seconds: anybody can send bad credentials.</summary>
/// <param name="write">Peer, kind, reason, and how many of that kind were not logged since the last line.</param>
internal sealed class RefusalLog<TKind>(TimeProvider time, Action<string, TKind, string, long> write)
    where TKind : struct, Enum
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<TKind, (long At, long Unlogged)> _kinds = [];

    public void Add(string peer, TKind refusal, string reason)
    {
        long unlogged = 0;
        lock (_lock)
        {
            if (_kinds.TryGetValue(refusal, out (long At, long Unlogged) last))
            {
                if (time.GetElapsedTime(last.At) < s_interval)
                {
                    _kinds[refusal] = last with { Unlogged = last.Unlogged + 1 };
                    return;
                }

                unlogged = last.Unlogged;
            }

            _kinds[refusal] = (time.GetTimestamp(), 0);
        }

        write(peer, refusal, Shown.Text(reason), unlogged);
    }
}
