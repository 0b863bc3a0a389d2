using System.Collections.Concurrent;
using SdsServer.Core.Fleet;

namespace SdsServer.Identity;

/// <summary>Tells the engine when a process that was seen on a Unix socket has ended: nobody presents its leaves any more.</summary>
public sealed class ProcessWatch(Action<EngineEvent> post, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, PeerProcess> _watched = new();

    /// <summary>Watches this peer if it is a process that can be watched.</summary>
    public void Add(string peer)
    {
        if (!_watched.ContainsKey(peer) && PeerProcess.Parse(peer) is { } process)
        {
            _watched.TryAdd(peer, process);
        }
    }

    /// <summary>Looks once a second until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                Look();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Look()
    {
        foreach ((string peer, PeerProcess process) in _watched)
        {
            if (process.HasEnded() && _watched.TryRemove(peer, out _))
            {
                post(new ProcessDeparted(peer));
            }
        }
    }
}
