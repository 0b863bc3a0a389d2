using System.Globalization;
using System.Net;

namespace SdsServer.Testing.Envoy;

/// <summary>
/// Requests without end through a client sidecar, on fresh connections and on kept ones, each checked. Paced by a timer and by
/// the answers: a slow machine sends less, it never queues up.
/// </summary>
public sealed class TrafficProbe : IAsyncDisposable
{
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(10);

    private readonly IPEndPoint _sidecar;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly EchoConnection?[] _kept;
    private readonly Task _loop;
    private long _freshSent;
    private long _keptSent;
    private long _failed;
    private string? _firstFailure;

    /// <param name="sidecar">The plain listener of the client sidecar.</param>
    /// <param name="interval">One fresh connection each; every fourth time also a request on each kept connection.</param>
    /// <param name="keptConnections">How many connections stay open.</param>
    public TrafficProbe(IPEndPoint sidecar, TimeSpan interval, int keptConnections = 2)
    {
        _sidecar = sidecar;
        _kept = new EchoConnection?[keptConnections];
        _loop = RunAsync(interval);
    }

    public TrafficCount Count => new(Interlocked.Read(ref _freshSent), Interlocked.Read(ref _keptSent), Interlocked.Read(ref _failed));

    /// <summary>The first request without a proper answer: which, when, and what happened.</summary>
    public string? FirstFailure => Volatile.Read(ref _firstFailure);

    /// <summary>Waits until so many more requests have gone over fresh connections, answered or not.</summary>
    /// <exception cref="TimeoutException">Not within <paramref name="limit"/>.</exception>
    public Task AwaitFreshAsync(long more, TimeSpan limit, CancellationToken cancellation = default)
    {
        long goal = Count.Fresh + more;
        return Condition.AwaitAsync(
            $"{more} fresh connections", limit, _ => Task.FromResult(Count.Fresh >= goal), () => $"so far {Count}; {FirstFailure}", cancellation);
    }

    /// <summary>Ends the kept connections between two requests and opens new ones with the next, as a client does that is told to drain.</summary>
    public async Task RenewKeptAsync(CancellationToken cancellation = default)
    {
        await PauseAsync(cancellation);
        Resume();
    }

    /// <summary>Waits for the answers under way, ends the kept connections, and sends nothing until <see cref="Resume"/>.</summary>
    public async Task PauseAsync(CancellationToken cancellation = default)
    {
        await _sending.WaitAsync(cancellation);
        CloseKept();
    }

    public void Resume() => _sending.Release();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        CloseKept();
        _stopping.Dispose();
        _sending.Dispose();
    }

    private async Task RunAsync(TimeSpan interval)
    {
        const int KeptEvery = 4;
        using PeriodicTimer timer = new(interval);
        try
        {
            for (long tick = 0; await timer.WaitForNextTickAsync(_stopping.Token); tick++)
            {
                await _sending.WaitAsync(_stopping.Token);
                try
                {
                    await SendFreshAsync();
                    for (int index = 0; index < _kept.Length && tick % KeptEvery == 0; index++)
                    {
                        await SendKeptAsync(index);
                    }
                }
                finally
                {
                    _sending.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task SendFreshAsync()
    {
        string path = $"/fresh/{Interlocked.Increment(ref _freshSent)}";
        await SendAsync(path, async limit =>
        {
            using EchoConnection connection = await EchoConnection.OpenAsync(_sidecar, limit);
            await connection.EchoAsync(path, limit);
        });
    }

    private async Task SendKeptAsync(int index)
    {
        string path = $"/kept/{index}/{Interlocked.Increment(ref _keptSent)}";
        bool answered = await SendAsync(path, async limit =>
        {
            _kept[index] ??= await EchoConnection.OpenAsync(_sidecar, limit);
            await _kept[index]!.EchoAsync(path, limit);
        });
        if (!answered)
        {
            _kept[index]?.Dispose();
            _kept[index] = null;
        }
    }

    private async Task<bool> SendAsync(string path, Func<CancellationToken, Task> send)
    {
        using CancellationTokenSource limit = new(RequestLimit);
        try
        {
            await send(limit.Token);
            return true;
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException or OperationCanceledException or FormatException)
        {
            Interlocked.Increment(ref _failed);
            string failure = string.Create(CultureInfo.InvariantCulture, $"{path} at {TimeProvider.System.GetUtcNow():HH:mm:ss.fff}: {error.Message}");
            Interlocked.CompareExchange(ref _firstFailure, failure, null);
            return false;
        }
    }

    private void CloseKept()
    {
        foreach (EchoConnection? connection in _kept)
        {
            connection?.Dispose();
        }

        Array.Clear(_kept);
    }
}
