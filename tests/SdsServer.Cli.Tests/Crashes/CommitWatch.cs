namespace SdsServer.Cli.Tests.Crashes;

/// <summary>
/// Sees the commits of a running server's store as they are made, by its write-ahead log, and does something at one of them.
/// The log is short enough never to begin anew within a story, so that the commits in it are all there were.
/// </summary>
internal sealed class CommitWatch : IDisposable
{
    private readonly Lock _looking = new();
    private readonly FileSystemWatcher _watcher;
    private readonly string _log;
    private int _target = int.MaxValue;
    private Action? _reached;

    public CommitWatch(string dataDirectory, string database)
    {
        _log = Path.Combine(dataDirectory, database + "-wal");
        _watcher = new FileSystemWatcher(dataDirectory, Path.GetFileName(_log)) { NotifyFilter = NotifyFilters.Size | NotifyFilters.LastWrite };
        _watcher.Changed += (_, _) => Look();
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>How many there are.</summary>
    public int Commits => WriteAheadLog.Commits(_log).Count;

    /// <summary>Acts once, as soon as there are so many. Replaces what was asked for before.</summary>
    /// <param name="commits">Counted since the store was made.</param>
    /// <param name="reached">Called on the watching thread.</param>
    public void At(int commits, Action reached)
    {
        lock (_looking)
        {
            (_target, _reached) = (commits, reached);
        }

        Look();
    }

    /// <summary>Nothing is done any more.</summary>
    public void Rest() => At(int.MaxValue, () => { });

    public void Dispose() => _watcher.Dispose();

    private void Look()
    {
        lock (_looking)
        {
            if (_reached is { } reached && Commits >= _target)
            {
                _reached = null;
                reached();
            }
        }
    }
}
