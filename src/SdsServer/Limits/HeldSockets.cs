using System.Net.Sockets;

namespace SdsServer.Limits;

/// <summary>
/// Connections that were refused. Each is left alone, unread, for a while before it is closed: whoever is closed at once comes back at once,
/// and a socket that nobody reads costs next to nothing.
/// </summary>
/// <param name="hold">How long each is held, at least, while there is room.</param>
/// <param name="most">So many are held; one more, and the oldest is closed.</param>
internal sealed class HeldSockets(TimeSpan hold, int most, TimeProvider time)
{
    // Those that came together must not come back together: 500 a second.
    private const int AtATime = 10;

    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly Queue<(Socket Socket, long Since)> _held = new();
    private ITimer? _timer;

    /// <summary>Connections that are held now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>Holds a connection, and closes it in the end.</summary>
    public void Add(Socket socket)
    {
        Socket? oldest = null;
        lock (_lock)
        {
            if (_held.Count >= most)
            {
                oldest = _held.Dequeue().Socket;
            }

            _held.Enqueue((socket, time.GetTimestamp()));
            if (_held.Count == 1)
            {
                Wake(hold);
            }
        }

        oldest?.Close(timeout: 0);
    }

    private void CloseDue()
    {
        List<Socket> due = [];
        lock (_lock)
        {
            while (due.Count < AtATime && _held.TryPeek(out (Socket Socket, long Since) oldest) && time.GetElapsedTime(oldest.Since) >= hold)
            {
                due.Add(_held.Dequeue().Socket);
            }

            if (_held.TryPeek(out (Socket Socket, long Since) next))
            {
                TimeSpan left = hold - time.GetElapsedTime(next.Since);
                Wake(left > s_between ? left : s_between);
            }
        }

        // Without waiting for the other side, which need not answer.
        due.ForEach(socket => socket.Close(timeout: 0));
    }

    private void Wake(TimeSpan wait)
    {
        _timer ??= time.CreateTimer(_ => CloseDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }
}
