namespace SdsServer.Identity;

/// <summary>Logs callers who have proven something that is worth nothing here; one in ten seconds: they come again and again.</summary>
internal sealed partial class UnregisteredLog(TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _at;
    private long _unlogged;

    /// <param name="peer">Who calls.</param>
    /// <param name="evidence">What it has shown; null, and not logged, where that is nothing.</param>
    public void Add(string peer, Evidence? evidence)
    {
        if (evidence is null || evidence.Selectors.IsEmpty)
        {
            return;
        }

        long unlogged;
        lock (_lock)
        {
            if (_at is { } at && time.GetElapsedTime(at) < Interval)
            {
                _unlogged++;
                return;
            }

            (_at, unlogged, _unlogged) = (time.GetTimestamp(), _unlogged, 0);
        }

        Unregistered(logger, peer, Shown.Text(string.Join(", ", evidence.Selectors)), unlogged);
    }

    [LoggerMessage(6101, LogLevel.Warning, "{Peer} has shown {Selectors}, and no registration or setting says who that is; {Unlogged} more came so before", EventName = "Unregistered")]
    private static partial void Unregistered(ILogger logger, string peer, string selectors, long unlogged);
}
