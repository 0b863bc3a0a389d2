namespace SdsServer.Core.Fleet;

/// <summary>
/// Notices a wall clock that jumps. While it is in doubt, expiry is judged by the time that has really passed, so that a jump
/// ahead excludes nobody (rule E9).
/// </summary>
internal sealed class ClockWatch(Moment start, TimeSpan maxSkew)
{
    private static readonly TimeSpan Rebase = TimeSpan.FromHours(1);

    private Moment _base = start;

    /// <summary>The wall clock moved by more than the tolerated skew against the monotonic one.</summary>
    public bool InDoubt { get; private set; }

    /// <summary>The time by which expiry is judged: where the clocks disagree, the earlier one.</summary>
    public DateTimeOffset Judged { get; private set; } = start.Utc;

    /// <summary>The time by which renewal is judged: where the clocks disagree, the later one, since a leaf too early harms nobody.</summary>
    public DateTimeOffset Latest { get; private set; } = start.Utc;

    /// <summary>The time by which waits are judged, and that is stored: while the wall clock is in doubt, the time that has really passed.</summary>
    public DateTimeOffset Reckoned { get; private set; } = start.Utc;

    /// <summary>What the doubt is about where it began with the term: how far the stored time is from the clock's. A server that was away shows the same as a jump.</summary>
    public TimeSpan? Unserved { get; set; }

    public void Observe(Moment now)
    {
        DateTimeOffset elapsed = _base.Utc + (now.Up - _base.Up);
        InDoubt = (now.Utc - elapsed).Duration() > maxSkew;
        Judged = InDoubt && now.Utc > elapsed ? elapsed : now.Utc;
        Latest = InDoubt && now.Utc < elapsed ? elapsed : now.Utc;
        Reckoned = InDoubt ? elapsed : now.Utc;
        Unserved = InDoubt ? Unserved : null;
        if (!InDoubt && now.Up - _base.Up > Rebase)
        {
            _base = now;
        }
    }

    /// <summary>An operator takes the wall clock as right.</summary>
    public void Accept(Moment now)
    {
        _base = now;
        Observe(now);
    }
}
