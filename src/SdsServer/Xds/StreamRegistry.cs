using System.Collections.Concurrent;
using SdsServer.Grpc;

namespace SdsServer.Xds;

/// <summary>The streams that are open now, at most a given number.</summary>
internal sealed class StreamRegistry(int capacity)
{
    private readonly ConcurrentDictionary<long, OpenStream> _open = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public IEnumerable<OpenStream> Open => _open.Values.OrderBy(stream => stream.Id);

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: too many streams are open.</exception>
    public void Add(OpenStream stream)
    {
        if (Interlocked.Increment(ref _count) > capacity)
        {
            Interlocked.Decrement(ref _count);
            throw new RpcException(StatusCode.ResourceExhausted, $"{capacity} streams are open, which is all this server takes");
        }

        _open.TryAdd(stream.Id, stream);
    }

    public void Remove(OpenStream stream)
    {
        if (_open.TryRemove(stream.Id, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
