using SdsServer.Grpc;

namespace SdsServer.Limits;

/// <summary>
/// Connections and streams of one identity, at most so many: each connection may be one more process that the fleet counts and that
/// is issued leaves.
/// </summary>
internal sealed class IdentityPlaces(int connections, int streams)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<long, int>> _byIdentity = [];
    private readonly Dictionary<string, int> _streams = [];

    /// <summary>A stream of this identity opens; it is over when the place is disposed.</summary>
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

            Dictionary<long, int> mine = _byIdentity.GetValueOrDefault(spiffeId) ?? [];
            if (!mine.ContainsKey(connection) && mine.Count >= connections)
            {
                throw new RpcException(StatusCode.ResourceExhausted, $"{connections} connections of this identity are open, which is all it may have");
            }

            _byIdentity[spiffeId] = mine;
            mine[connection] = mine.GetValueOrDefault(connection) + 1;
            _streams[spiffeId] = open + 1;
        }

        return new Place(this, spiffeId, connection);
    }

    private void Leave(string spiffeId, long connection)
    {
        lock (_lock)
        {
            Dictionary<long, int> mine = _byIdentity[spiffeId];
            if (--mine[connection] == 0 && mine.Remove(connection) && mine.Count == 0)
            {
                _byIdentity.Remove(spiffeId);
            }

            if (--_streams[spiffeId] == 0)
            {
                _streams.Remove(spiffeId);
            }
        }
    }

    private sealed class Place(IdentityPlaces places, string spiffeId, long connection) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                places.Leave(spiffeId, connection);
            }
        }
    }
}
