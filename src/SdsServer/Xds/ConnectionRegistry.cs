using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using SdsServer.Core.Fleet;
using SdsServer.Grpc;

namespace SdsServer.Xds;

/// <summary>Numbers the HTTP/2 connections, and reports each one's end once, after its last stream has ended.</summary>
internal sealed class ConnectionRegistry(Action<FleetEvent> post)
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
                connection = new Connection(++_numbers);
                _open.Add(id, connection);
            }

            connection!.Streams++;
        }

        if (!known)
        {
            IConnectionLifetimeFeature lifetime = http.Features.GetRequiredFeature<IConnectionLifetimeFeature>();
            lifetime.ConnectionClosed.UnsafeRegister(_ => Change(id, ended: true, streams: 0), null);
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
            post(new ConnectionClosed(gone.Number));
        }
    }

    private sealed class Connection(long number)
    {
        public long Number => number;

        public HashSet<InstanceKey> Keys { get; } = [];

        public int Streams { get; set; }

        public bool Ended { get; set; }
    }
}
