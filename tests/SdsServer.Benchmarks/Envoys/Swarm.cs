using System.Diagnostics;
using System.Globalization;
using SdsServer.Benchmarks.Http2;
using SdsServer.Benchmarks.Measuring;

namespace SdsServer.Benchmarks.Envoys;

/// <summary>Thousands of simulated Envoys that hold their streams open and accept what comes.</summary>
internal sealed class Swarm : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly List<Http2Connection> _connections = [];
    private readonly List<SecretStream> _streams = [];
    private long _received;

    public IReadOnlyList<SecretStream> Streams => _streams;

    /// <summary>Responses that came since the start, over all streams.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Connects all and waits until each stream has its first secret.</summary>
    public static async Task<Swarm> ConnectAsync(SwarmOptions options)
    {
        Swarm swarm = new();
        byte[] headers = HeaderBlock.EnvoyRequest(options.Envoy.Dialect.Path);
        int connections = (options.Envoys + options.EnvoysPerConnection - 1) / options.EnvoysPerConnection;
        await Parallel.ForAsync(0, connections, new ParallelOptions { MaxDegreeOfParallelism = options.Ramp }, async (index, cancellation) =>
        {
            Http2Connection connection = await Http2Connection.ConnectAsync(options.Server, cancellation);
            List<SecretStream> streams = [];
            int first = index * options.EnvoysPerConnection;
            for (int envoy = first; envoy < Math.Min(first + options.EnvoysPerConnection, options.Envoys); envoy++)
            {
                string node = string.Create(CultureInfo.InvariantCulture, $"{options.NodePrefix}-{envoy}");
                streams.AddRange(options.Secrets.Select(secret => new SecretStream(connection, options, headers, secret, node, swarm.Count)));
            }

            lock (swarm._streams)
            {
                swarm._connections.Add(connection);
                swarm._streams.AddRange(streams);
            }

            // The next one waits until this one is served: a ramp, not a flood of requests that nobody reads yet.
            await swarm.UntilAsync(() => streams.TrueForAll(stream => stream.Received > 0), $"the first secrets of connection {index}", streams);
        });
        return swarm;
    }

    /// <summary>A point in time from which <see cref="PushedAsync"/> counts.</summary>
    public PushStart Mark(Func<SecretStream, bool>? only = null) =>
        new(Stopwatch.GetTimestamp(), [.. _streams.Where(only ?? (_ => true)).Select(stream => (stream, stream.Received))]);

    /// <summary>Waits until every stream of the mark has had a response since, and says how long each took.</summary>
    /// <param name="start">From <see cref="Mark"/>.</param>
    /// <param name="responses">How many responses each is to have.</param>
    public async Task<Series> PushedAsync(PushStart start, int responses = 1)
    {
        await UntilAsync(
            () => start.Streams.TrueForAll(it => it.Stream.Received >= it.Received + responses), "a push", start.Streams.Select(it => it.Stream));
        return new Series(start.Streams.Select(it => Stopwatch.GetElapsedTime(start.At, it.Stream.ReceivedAt).TotalMilliseconds));
    }

    /// <summary>Closes every receive window: whatever the server sends now stays with it.</summary>
    public void Freeze() => _connections.ForEach(connection => connection.Freeze());

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());

    private void Count() => Interlocked.Increment(ref _received);

    private async Task UntilAsync(Func<bool> condition, string what, IEnumerable<SecretStream> streams)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (streams.FirstOrDefault(stream => stream.Ended is not null) is { } ended)
            {
                throw new InvalidOperationException($"{what}: a stream of {ended.Name} {ended.Ended}");
            }

            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException($"{what} did not come within {Patience}; {Received} responses so far");
            }

            await Task.Delay(1);
        }
    }
}
