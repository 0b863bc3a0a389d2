namespace SdsServer.Core.Fleet;

/// <summary>
/// Keys about which something is remembered for the rest of a term. Bounded, because a caller can invent node ids, though not
/// identities: an identity with too many keys counts as remembered whole, which only costs its own processes waiting. When all is full,
/// everybody does.
/// </summary>
internal sealed class KeyMemory(int limit, int limitOfIdentity)
{
    private readonly Dictionary<string, HashSet<InstanceKey>> _keys = [];
    private readonly HashSet<string> _whole = [];
    private int _count;

    public void Add(InstanceKey key)
    {
        if (IsFull || _whole.Contains(key.SpiffeId))
        {
            return;
        }

        if (!_keys.TryGetValue(key.SpiffeId, out HashSet<InstanceKey>? keys))
        {
            _keys.Add(key.SpiffeId, keys = []);
        }

        _count += keys.Add(key) ? 1 : 0;
        if (keys.Count >= limitOfIdentity)
        {
            _whole.Add(key.SpiffeId);
            _keys.Remove(key.SpiffeId);
            _count += 1 - keys.Count;
        }
    }

    public bool Contains(InstanceKey key) =>
        IsFull || _whole.Contains(key.SpiffeId) || (_keys.TryGetValue(key.SpiffeId, out HashSet<InstanceKey>? keys) && keys.Contains(key));

    private bool IsFull => _count >= limit;
}
