using Microsoft.AspNetCore.Connections;

namespace SdsServer.Limits;

/// <summary>
/// Lets in connections before their callers are known: TLS handshakes, half-open connections and strangers cost memory, and whoever has
/// no identity must not use up what those need who have one. A caller that is known leaves this count; what it may have then is
/// <see cref="IdentityPlaces"/>.
/// </summary>
internal sealed class ConnectionGate(ConnectionLimits limits, TimeProvider time, ILogger logger)
{
    private const int MaxDistrusted = 10_000;
    private const int MaxHeld = 250;

    private static readonly TimeSpan s_distrust = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_hold = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _byAddress = [];

    // Addresses from which a flood has come, and when; how fast new connections from there come in.
    private readonly Dictionary<string, long> _distrusted = [];
    private readonly AddressRates _again = new(perSecond: 1, burst: 1, time);
    private readonly RefusalCount _refusals = new(time);
    private readonly RefusalCount _floods = new(time);
    private int _unidentified;
    private int _held;

    /// <summary>Connections whose callers are not known yet.</summary>
    public int Unidentified
    {
        get
        {
            lock (_lock)
            {
                return _unidentified;
            }
        }
    }

    /// <summary>
    /// Streams that were reset as soon as they were opened, of all connections of an address: else a flood would stay within the budget of
    /// each and come back with another. Ten times what one connection may.
    /// </summary>
    public AddressRates Resets { get; } = new(perSecond: 1_000, burst: 60_000, time);

    /// <summary>Connections that were refused, and are closed in a moment.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Serves the connection with <paramref name="next"/>, or closes it.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        string address = CallerAddress.Of(connection);
        if (!TryEnter(address, out bool isDistrusted))
        {
            if (!isDistrusted && _refusals.Add() is { } unlogged)
            {
                LimitsLog.ConnectionRefused(logger, address, limits.UnidentifiedPerAddress, limits.Unidentified, unlogged);
            }

            await HoldAsync(connection);
            connection.Abort();
            return;
        }

        UnidentifiedConnection waiting = new(() => Leave(address));
        connection.Features.Set(waiting);
        await using ITimer deadline = time.CreateTimer(_ => End(connection, waiting, address), null, limits.Identify, Timeout.InfiniteTimeSpan);
        try
        {
            await next(connection);
        }
        finally
        {
            waiting.Done();
        }
    }

    /// <summary>
    /// Serves the connection with <paramref name="next"/> until it sends more than its <see cref="FrameBudget"/> allows. It is cut then, and
    /// for a minute new ones from its address come in one a second, for whoever is cut comes back at once.
    /// </summary>
    public Task WatchAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        string address = CallerAddress.Of(connection);
        connection.Transport = new FrameWatch(connection.Transport, new FrameBudget(time, () => Resets.TryTake(address), IsDistrusted(address)), excess =>
        {
            Distrust(address);
            if (_floods.Add() is { } unlogged)
            {
                LimitsLog.Flooded(logger, address, excess, unlogged);
            }
        });
        return next(connection);
    }

    private void Distrust(string address)
    {
        lock (_lock)
        {
            if (_distrusted.Count >= MaxDistrusted)
            {
                foreach (string over in _distrusted.Where(entry => time.GetElapsedTime(entry.Value) >= s_distrust).Select(entry => entry.Key).ToList())
                {
                    _distrusted.Remove(over);
                }
            }

            if (_distrusted.Count < MaxDistrusted || _distrusted.ContainsKey(address))
            {
                _distrusted[address] = time.GetTimestamp();
            }
        }
    }

    private bool IsDistrusted(string address)
    {
        lock (_lock)
        {
            return _distrusted.TryGetValue(address, out long at) && time.GetElapsedTime(at) < s_distrust;
        }
    }

    private void End(ConnectionContext connection, UnidentifiedConnection waiting, string address)
    {
        if (waiting.Done())
        {
            LimitsLog.NeverIdentified(logger, address, limits.Identify);
            connection.Abort(new ConnectionAbortedException($"nobody said who they are within {limits.Identify}"));
        }
    }

    // Whoever is closed at once comes back at once.
    private async Task HoldAsync(ConnectionContext connection)
    {
        try
        {
            if (Interlocked.Increment(ref _held) <= MaxHeld)
            {
                await Task.Delay(s_hold, time, connection.ConnectionClosed);
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            Interlocked.Decrement(ref _held);
        }
    }

    private bool TryEnter(string address, out bool isDistrusted)
    {
        lock (_lock)
        {
            isDistrusted = IsDistrusted(address);
            if (isDistrusted && !_again.TryTake(address))
            {
                return false;
            }

            int here = _byAddress.GetValueOrDefault(address);
            if (here >= limits.UnidentifiedPerAddress || _unidentified >= limits.Unidentified)
            {
                return false;
            }

            _byAddress[address] = here + 1;
            _unidentified++;
            return true;
        }
    }

    private void Leave(string address)
    {
        lock (_lock)
        {
            _unidentified--;
            if (--_byAddress[address] == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }
}
