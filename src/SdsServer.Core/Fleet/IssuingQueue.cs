namespace SdsServer.Core.Fleet;

/// <summary>
/// Whose leaf is next: the most pressing of those within their identities' shares, and what is beyond a share when nobody else waits. So
/// an identity that asks without end delays itself alone, and nothing of the budget is left unused.
/// </summary>
internal sealed class IssuingQueue(IssuingShares shares)
{
    private readonly PriorityQueue<(Instance Instance, long Entry), (LeafClass Class, long Entry)> _due = new();

    // What is beyond a share, in the order in which the shares have room for it.
    private readonly PriorityQueue<(Instance Instance, long Entry, LeafClass Class), (TimeSpan At, long Entry)> _beyond = new();

    /// <summary>Somebody waits.</summary>
    public bool IsWaiting => _due.Count > 0 || _beyond.Count > 0;

    /// <param name="entry">Rises with every call.</param>
    public void Add(Instance instance, LeafClass due, long entry, TimeSpan up)
    {
        TimeSpan at = shares.Ask(instance.Key.SpiffeId, up);
        if (at <= up)
        {
            _due.Enqueue((instance, entry), (due, entry));
        }
        else
        {
            _beyond.Enqueue((instance, entry, due), (at, entry));
        }
    }

    /// <summary>What the next within its share waits for; null when there is none.</summary>
    public LeafClass? Next(TimeSpan up)
    {
        DropVoid();
        while (_beyond.TryPeek(out _, out (TimeSpan At, long Entry) rank) && rank.At <= up)
        {
            (Instance instance, long entry, LeafClass due) = _beyond.Dequeue();
            _due.Enqueue((instance, entry), (due, entry));
            DropVoid();
        }

        return _due.TryPeek(out _, out (LeafClass Class, long Entry) first) ? first.Class : null;
    }

    /// <summary>The next, within its share or not; null when nobody waits.</summary>
    public Instance? Take(TimeSpan up) => Next(up) is not null ? _due.Dequeue().Instance : _beyond.Count > 0 ? _beyond.Dequeue().Instance : null;

    // An instance whose reason has become more pressing has a newer entry.
    private void DropVoid()
    {
        while (_due.TryPeek(out (Instance Instance, long Entry) next, out _) && IsVoid(next.Instance, next.Entry))
        {
            _due.Dequeue();
        }

        while (_beyond.TryPeek(out (Instance Instance, long Entry, LeafClass Class) later, out _) && IsVoid(later.Instance, later.Entry))
        {
            _beyond.Dequeue();
        }
    }

    private static bool IsVoid(Instance instance, long entry) => instance.Ended || instance.QueueEntry != entry;
}
