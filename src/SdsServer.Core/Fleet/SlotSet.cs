namespace SdsServer.Core.Fleet;

/// <summary>
/// The subscriptions of one kind that a process has, one per SDS config source, each with bytes of its own. A slot that is not
/// connected may hide older bytes, so nothing is concluded while one is missing or the set has just changed.
/// </summary>
internal sealed class SlotSet
{
    // A process has a handful. In the order of their ids, which is the order in which they are served.
    private readonly List<Subscription> _live = [];

    // Since when each missing slot has been away, on a clock that runs while the process is connected, the longest first; and what it
    // asked for, where this term has met it.
    private readonly List<(TimeSpan Since, string? Name)> _missing = [];
    private TimeSpan _ran;
    private TimeSpan? _runsSince;
    private bool _hasLost;

    /// <summary>The most there were at once.</summary>
    public int Slots => _live.Count + _missing.Count;

    /// <summary>Monotonic time at which the set of live subscriptions last changed.</summary>
    public TimeSpan ChangedAt { get; private set; }

    public List<Subscription> Live => _live;

    /// <summary>Every slot is there.</summary>
    public bool Complete => _live.Count > 0 && _missing.Count == 0;

    public void Add(Subscription subscription, TimeSpan up)
    {
        int at = _live.Count;
        while (at > 0 && _live[at - 1].Id > subscription.Id)
        {
            at--;
        }

        _live.Insert(at, subscription);
        ChangedAt = up;
        // Of those that it may be, the one that has been away longest: if it is another, none of the rest is given up too early.
        int unnamed = _missing.FindIndex(slot => slot.Name is null);
        int back = _missing.FindIndex(slot => slot.Name == subscription.Name);
        if (unnamed >= 0 && unnamed < back)
        {
            // It may be that one, and its namesake the one that is still away, since later.
            (_missing[back], back) = ((_missing[back].Since, null), unnamed);
        }

        back = back >= 0 ? back : unnamed;
        if (back >= 0)
        {
            _missing.RemoveAt(back);
        }
    }

    /// <summary>A stream of another connection has ended that may be of this very process, and is back by this one after its backoff.</summary>
    public void Disturb(TimeSpan up) => ChangedAt = up;

    public void Remove(Subscription subscription, TimeSpan up)
    {
        if (_live.Remove(subscription))
        {
            _hasLost = true;
            _missing.Add((Ran(up), subscription.Name));
        }

        ChangedAt = up;
    }

    /// <summary>
    /// What another set of the same process misses is missing here: by its name where that is known, for it may take no other's place,
    /// else by the count.
    /// </summary>
    public void MissLike(SlotSet other, TimeSpan up)
    {
        if (other._hasLost)
        {
            // Which of several with one name was back and is lost again does not show: another of them may have taken its place there.
            for (int slot = 0; slot < _missing.Count; slot++)
            {
                _missing[slot] = (Ran(up), _missing[slot].Name);
            }
        }

        foreach (string name in other._missing.Select(slot => slot.Name).OfType<string>().Where(name => !IsLive(name)))
        {
            if (!WasBack(name, name, up))
            {
                _missing.Add((Ran(up), name));
            }
        }

        RaiseTo(other.Slots, up);
    }

    /// <summary>What is missing here, and the other set has or misses, has been back in between if both are of the same process: its time begins anew.</summary>
    public void WasBack(SlotSet other, TimeSpan up)
    {
        // Nearly always: and a key may have many processes.
        if (_missing.Count == 0)
        {
            return;
        }

        foreach (string name in other._live.Select(slot => slot.Name).Concat(other._missing.Select(slot => slot.Name).OfType<string>()).Where(name => !IsLive(name)))
        {
            WasBack(name, null, up);
        }
    }

    /// <summary>There were more once, which are missing from now on.</summary>
    public void RaiseTo(int slots, TimeSpan up)
    {
        while (Slots < slots)
        {
            _missing.Add((Ran(up), null));
        }
    }

    /// <summary>Runs the clock of the missing slots, which stands still while the process has no connection.</summary>
    public void Observe(bool connected, TimeSpan up)
    {
        _ran = Ran(up);
        _runsSince = connected ? up : null;
    }

    /// <summary>Monotonic time at which the first of the missing slots has been missing for <paramref name="window"/>; null while the clock stands.</summary>
    public TimeSpan? MissingUntil(TimeSpan window) => _missing.Count > 0 && _runsSince is { } since ? since + (_missing[0].Since + window - _ran) : null;

    /// <summary>Takes as gone what has been missing for <paramref name="window"/>. Not while all are missing: then nothing is known at all.</summary>
    public void GiveUpMissing(TimeSpan window, TimeSpan up)
    {
        TimeSpan ran = Ran(up);
        if (_live.Count > 0 && _missing.RemoveAll(slot => ran - slot.Since >= window) > 0)
        {
            ChangedAt = up;
        }
    }

    private bool IsLive(string name) => _live.Exists(slot => slot.Name == name);

    // Of those without a name it may be any: the one that has been away longest has the later time.
    private bool WasBack(string name, string? otherwise, TimeSpan up)
    {
        int known = _missing.FindIndex(slot => slot.Name == name);
        known = known >= 0 ? known : _missing.FindIndex(slot => slot.Name is null);
        if (known < 0)
        {
            return false;
        }

        string? kept = _missing[known].Name ?? otherwise;
        _missing.RemoveAt(known);
        _missing.Add((Ran(up), kept));
        return true;
    }

    private TimeSpan Ran(TimeSpan up) => _runsSince is { } since ? _ran + (up - since) : _ran;
}
