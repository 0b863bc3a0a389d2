using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using SdsServer.Core.Fleet;
using SdsServer.Grpc;

namespace SdsServer.Xds;

/// <summary>
/// Numbers the HTTP/2 connections, and reports each one's end once, after its last stream has ended. Ends those that have no stream for too long: a known
/// caller's connection is not the gate's any more, and nobody else would.
/// </summary>
/// <param name="closed">Takes the number of a connection that has ended.</param>
/// <param name="idle">So long a connection may go on without a stream that was let in.</param>
internal sealed class ConnectionRegistry(Action<long> closed, TimeSpan idle, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Connection> _open = [];
    private long _numbers;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>A stream begins on the connection of <paramref name="http"/>; pair it with <see cref="Leave"/>.</summary>
    /// <returns>The connection's number, unique in this process.</returns>
    public long Enter(HttpContext http)
    {
        string id = http.Connection.Id;
        Connection? connection;
        bool known;
        lock (_lock)
        {
            known = _open.TryGetValue(id, out connection);
            if (!known)
            {
                Connection begun = new(++_numbers, http.Features);
                begun.Idle = time.CreateTimer(_ => EndIdle(begun), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _open.Add(id, connection = begun);
            }

            connection!.Streams++;
        }

        if (!known)
        {
            connection.Lifetime.ConnectionClosed.UnsafeRegister(_ => Change(id, ended: true, streams: 0), null);
        }

        return connection.Number;
    }

    /// <summary>A stream of the connection says who it is.</summary>
    /// <param name="limit">Different ones that the connection may come with.</param>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: it has come with so many.</exception>
    public void Name(HttpContext http, InstanceKey key, int limit)
    {
        lock (_lock)
        {
            HashSet<InstanceKey> keys = _open[http.Connection.Id].Keys;
            if (!keys.Contains(key) && keys.Count >= limit)
            {
                throw new RpcException(StatusCode.ResourceExhausted, $"this connection has come with {limit} different node ids, which is all that one may have: open another connection for another process");
            }

            keys.Add(key);
        }
    }

    /// <summary>A stream of the connection is let in; until its end, when what is returned is disposed, the connection is not idle.</summary>
    public IDisposable Use(HttpContext http)
    {
        lock (_lock)
        {
            Connection connection = _open[http.Connection.Id];
            connection.Users++;
            connection.Idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return new Usage(this, connection);
        }
    }

    /// <summary>The stream has reported its own end.</summary>
    public void Leave(HttpContext http) => Change(http.Connection.Id, ended: false, streams: -1);

    private void Change(string id, bool ended, int streams)
    {
        Connection? gone = null;
        lock (_lock)
        {
            if (_open.TryGetValue(id, out Connection? connection))
            {
                connection.Streams += streams;
                connection.Ended |= ended;
                if (connection is { Ended: true, Streams: 0 } && _open.Remove(id))
                {
                    gone = connection;
                }
            }
        }

        if (gone is not null)
        {
            gone.Idle.Dispose();
            closed(gone.Number);
        }
    }

    private void EndUse(Connection connection)
    {
        lock (_lock)
        {
            if (--connection.Users == 0)
            {
                connection.Idle.Change(idle, Timeout.InfiniteTimeSpan);
            }
        }
    }

    // GOAWAY first, for the stream that may be on its way. It waits for streams of nobody too, so whoever has only those is cut off as long after it.
    private void EndIdle(Connection connection)
    {
        bool isAsked;
        lock (_lock)
        {
            if (connection.Users > 0)
            {
                return;
            }

            (isAsked, connection.IsAsked) = (connection.IsAsked, true);
            connection.Idle.Change(idle, Timeout.InfiniteTimeSpan);
        }

        if (isAsked)
        {
            connection.Lifetime.Abort();
        }
        else
        {
            connection.Closing.RequestClose();
        }
    }

    private sealed class Usage(ConnectionRegistry connections, Connection connection) : IDisposable
    {
        public void Dispose() => connections.EndUse(connection);
    }

    private sealed class Connection(long number, IFeatureCollection features)
    {
        public IConnectionLifetimeFeature Lifetime { get; } = features.GetRequiredFeature<IConnectionLifetimeFeature>();

        public IConnectionLifetimeNotificationFeature Closing { get; } = features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>();

        public ITimer Idle { get; set; } = null!;

        /// <summary>Streams that were let in.</summary>
        public int Users { get; set; }

        /// <summary>It was sent GOAWAY.</summary>
        public bool IsAsked { get; set; }

        public long Number => number;

        public HashSet<InstanceKey> Keys { get; } = [];

        public int Streams { get; set; }

        public bool Ended { get; set; }
    }
}
