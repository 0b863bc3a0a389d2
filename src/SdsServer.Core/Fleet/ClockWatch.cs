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

    /// <summary>The time by which expiry is judged.</summary>
    public DateTimeOffset Judge(Moment now)
    {
        DateTimeOffset elapsed = _base.Utc + (now.Up - _base.Up);
        TimeSpan drift = (now.Utc - elapsed).Duration();
        InDoubt = drift > maxSkew;
        if (!InDoubt && now.Up - _base.Up > Rebase)
        {
            _base = now;
        }

        return InDoubt && now.Utc > elapsed ? elapsed : now.Utc;
    }

    /// <summary>An operator takes the wall clock as right.</summary>
    public void Accept(Moment now)
    {
        _base = now;
        InDoubt = false;
    }
}
