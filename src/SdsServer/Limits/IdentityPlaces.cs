using SdsServer.Grpc;

namespace SdsServer.Limits;

/// <summary>
/// Connections and streams of one identity, at most so many: each connection may be one more process that the fleet counts and that
/// is issued leaves. A connection that has had a stream of an identity counts until it ends: open, it costs memory and a descriptor without a stream too.
/// </summary>
internal sealed class IdentityPlaces(int connections, int streams)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<long>> _byIdentity = [];
    private readonly Dictionary<long, List<string>> _byConnection = [];
    private readonly Dictionary<string, int> _streams = [];

    /// <summary>A stream of this identity opens; it is over when the place is disposed. The connection keeps its own place until <see cref="Leave"/>.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED.</exception>
    public IDisposable Take(string spiffeId, long connection)
    {
        lock (_lock)
        {
            int open = _streams.GetValueOrDefault(spiffeId);
            if (open >= streams)
            {
                throw new RpcException(StatusCode.ResourceExhausted, $"{streams} streams of this identity are open, which is all it may have");
            }

            HashSet<long> mine = _byIdentity.GetValueOrDefault(spiffeId) ?? [];
            if (!mine.Contains(connection) && mine.Count >= connections)
            {
                throw new RpcException(StatusCode.ResourceExhausted, $"{connections} connections of this identity are open, which is all it may have");
            }

            if (mine.Add(connection))
            {
                _byIdentity[spiffeId] = mine;
                List<string> identities = _byConnection.GetValueOrDefault(connection) ?? [];
                identities.Add(spiffeId);
                _byConnection[connection] = identities;
            }

            _streams[spiffeId] = open + 1;
        }

        return new Place(this, spiffeId);
    }

    /// <summary>The connection has ended.</summary>
    public void Leave(long connection)
    {
        lock (_lock)
        {
            if (!_byConnection.Remove(connection, out List<string>? identities))
            {
                return;
            }

            foreach (string spiffeId in identities)
            {
                HashSet<long> mine = _byIdentity[spiffeId];
                if (mine.Remove(connection) && mine.Count == 0)
                {
                    _byIdentity.Remove(spiffeId);
                }
            }
        }
    }

    private void End(string spiffeId)
    {
        lock (_lock)
        {
            if (--_streams[spiffeId] == 0)
            {
                _streams.Remove(spiffeId);
            }
        }
    }

    private sealed class Place(IdentityPlaces places, string spiffeId) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                places.End(spiffeId);
            }
        }
    }
}
