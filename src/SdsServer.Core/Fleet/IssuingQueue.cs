namespace SdsServer.Core.Fleet;

/// <summary>
/// Whose leaf is next: the most pressing of those within their identities' shares, and what is beyond a share when nobody else waits. So
/// an identity that asks without end delays itself alone, and nothing of the budget is left unused.
/// </summary>
internal sealed class IssuingQueue(IssuingShares shares)
{
    private readonly PriorityQueue<(Instance Instance, long Entry), (LeafClass Class, long Entry)> _due = new();

    // Beyond the shares: when each has room for one more, and, by identity, who then gets it: the most pressing.
    private readonly PriorityQueue<string, (TimeSpan At, long Entry)> _turns = new();
    private readonly Dictionary<string, PriorityQueue<(Instance Instance, long Entry, LeafClass Class), (LeafClass Class, long Entry)>> _beyond = [];

    /// <summary>Somebody waits.</summary>
    public bool IsWaiting => _due.Count > 0 || _turns.Count > 0;

    /// <param name="entry">Rises with every call.</param>
    public void Add(Instance instance, LeafClass due, long entry, TimeSpan up)
    {
        string identity = instance.Key.SpiffeId;
        TimeSpan at = shares.Ask(identity, up);
        if (at <= up)
        {
            _due.Enqueue((instance, entry), (due, entry));
            return;
        }

        _turns.Enqueue(identity, (at, entry));
        if (!_beyond.TryGetValue(identity, out PriorityQueue<(Instance Instance, long Entry, LeafClass Class), (LeafClass Class, long Entry)>? waiting))
        {
            _beyond[identity] = waiting = new();
        }

        waiting.Enqueue((instance, entry, due), (due, entry));
    }

    /// <summary>What the next within its share waits for; null when there is none.</summary>
    public LeafClass? Next(TimeSpan up)
    {
        while (_turns.TryPeek(out _, out (TimeSpan At, long Entry) rank) && rank.At <= up)
        {
            if (TakeTurn() is var (instance, entry, due))
            {
                _due.Enqueue((instance, entry), (due, entry));
            }
        }

        while (_due.TryPeek(out (Instance Instance, long Entry) next, out _) && IsVoid(next.Instance, next.Entry))
        {
            _due.Dequeue();
        }

        return _due.TryPeek(out _, out (LeafClass Class, long Entry) first) ? first.Class : null;
    }

    /// <summary>The next, within its share or not; null when nobody waits.</summary>
    public Instance? Take(TimeSpan up)
    {
        if (Next(up) is not null)
        {
            return _due.Dequeue().Instance;
        }

        while (_turns.Count > 0)
        {
            if (TakeTurn() is var (instance, _, _))
            {
                return instance;
            }
        }

        return null;
    }

    // A turn whose entries have all become void, because a reason became more pressing, is nobody's.
    private (Instance Instance, long Entry, LeafClass Class)? TakeTurn()
    {
        string identity = _turns.Dequeue();
        if (!_beyond.TryGetValue(identity, out PriorityQueue<(Instance Instance, long Entry, LeafClass Class), (LeafClass Class, long Entry)>? waiting))
        {
            return null;
        }

        (Instance Instance, long Entry, LeafClass Class)? taken = null;
        while (taken is null && waiting.TryDequeue(out (Instance Instance, long Entry, LeafClass Class) next, out _))
        {
            taken = IsVoid(next.Instance, next.Entry) ? null : next;
        }

        if (waiting.Count == 0)
        {
            _beyond.Remove(identity);
        }

        return taken;
    }

    private static bool IsVoid(Instance instance, long entry) => instance.Ended || instance.QueueEntry != entry;
}
