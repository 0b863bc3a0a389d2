namespace SdsServer.Limits;

/// <summary>Counts refusals between two log lines: a flood must not become one in the log.</summary>
internal sealed class RefusalCount(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _loggedAt;
    private long _unlogged;

    /// <summary>How many were not logged since the line before, when this one is to be; null when it is not.</summary>
    public long? Add()
    {
        lock (_lock)
        {
            if (_loggedAt is { } at && time.GetElapsedTime(at) < Interval)
            {
                _unlogged++;
                return null;
            }

            (long unlogged, _unlogged, _loggedAt) = (_unlogged, 0, time.GetTimestamp());
            return unlogged;
        }
    }
}
