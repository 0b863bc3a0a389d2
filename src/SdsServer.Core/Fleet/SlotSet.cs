namespace SdsServer.Core.Fleet;

/// <summary>
/// The subscriptions of one kind that a process has, one per SDS config source, each with bytes of its own. A slot that is not
/// connected may hide older bytes, so nothing is concluded while one is missing or the set has just changed.
/// </summary>
internal sealed class SlotSet
{
    // A process has a handful. In the order of their ids, which is the order in which they are served.
    private readonly List<Subscription> _live = [];
    private TimeSpan _missingFor;
    private TimeSpan? _missingSince;

    /// <summary>The most there were at once.</summary>
    public int Slots { get; private set; }

    /// <summary>Monotonic time at which the set of live subscriptions last changed.</summary>
    public TimeSpan ChangedAt { get; private set; }

    public List<Subscription> Live => _live;

    /// <summary>Every slot is there.</summary>
    public bool Complete => _live.Count > 0 && _live.Count >= Slots;

    public void Add(Subscription subscription, TimeSpan up)
    {
        int at = _live.Count;
        while (at > 0 && _live[at - 1].Id > subscription.Id)
        {
            at--;
        }

        _live.Insert(at, subscription);
        ChangedAt = up;
        Slots = Math.Max(Slots, _live.Count);
    }

    public void Remove(Subscription subscription, TimeSpan up)
    {
        _live.Remove(subscription);
        ChangedAt = up;
    }

    public void RaiseTo(int slots) => Slots = Math.Max(Slots, slots);

    /// <summary>Runs the clock of a missing slot, which stands still while the process has no connection.</summary>
    public void Observe(bool connected, TimeSpan up)
    {
        if (_missingSince is { } since)
        {
            _missingFor += up - since;
        }

        bool missing = _live.Count < Slots;
        _missingSince = missing && connected ? up : null;
        if (!missing)
        {
            _missingFor = TimeSpan.Zero;
        }
    }

    /// <summary>Monotonic time at which a missing slot has been missing for <paramref name="window"/>; null while the clock stands.</summary>
    public TimeSpan? MissingUntil(TimeSpan window) => _missingSince is { } since ? since + (window - _missingFor) : null;

    /// <summary>Takes the missing slots as gone. The last one is never given up: then nothing is known at all.</summary>
    public void GiveUpMissing(TimeSpan up)
    {
        if (_live.Count > 0)
        {
            Slots = _live.Count;
            _missingFor = TimeSpan.Zero;
            _missingSince = null;
            ChangedAt = up;
        }
    }
}
