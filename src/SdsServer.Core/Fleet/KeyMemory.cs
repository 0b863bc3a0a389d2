namespace SdsServer.Core.Fleet;

/// <summary>
/// Keys about which something is remembered for the rest of a term. Bounded, because a caller can invent node ids: when it is full,
/// every key counts as remembered, which only costs waiting.
/// </summary>
internal sealed class KeyMemory(int limit)
{
    private readonly HashSet<InstanceKey> _keys = [];

    public void Add(InstanceKey key)
    {
        if (_keys.Count < limit)
        {
            _keys.Add(key);
        }
    }

    public bool Contains(InstanceKey key) => _keys.Count >= limit || _keys.Contains(key);
}
