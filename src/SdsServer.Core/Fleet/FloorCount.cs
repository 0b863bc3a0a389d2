namespace SdsServer.Core.Fleet;

/// <summary>How many members stand at which epoch. A handful of epochs at any fleet size, so every answer is O(1).</summary>
internal sealed class FloorCount
{
    private readonly SortedDictionary<long, int> _members = [];

    public int Total { get; private set; }

    /// <summary>The lowest epoch with a member, or null without members.</summary>
    public long? Lowest
    {
        get
        {
            foreach (long epoch in _members.Keys)
            {
                return epoch;
            }

            return null;
        }
    }

    public void Move(long? from, long? to)
    {
        if (from == to)
        {
            return;
        }

        if (from is { } left)
        {
            Total--;
            if (--_members[left] == 0)
            {
                _members.Remove(left);
            }
        }

        if (to is { } joined)
        {
            Total++;
            _members[joined] = _members.GetValueOrDefault(joined) + 1;
        }
    }

    public int At(long epoch) => _members.GetValueOrDefault(epoch);
}
