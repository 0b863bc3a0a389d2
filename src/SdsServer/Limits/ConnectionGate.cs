using Microsoft.AspNetCore.Connections;

namespace SdsServer.Limits;

/// <summary>
/// Lets in connections before their callers are known: TLS handshakes, half-open connections and strangers cost memory, and whoever has
/// no identity must not use up what those need who have one. A caller that is known leaves this count; what it may have then is
/// <see cref="IdentityPlaces"/>.
/// </summary>
internal sealed class ConnectionGate(ConnectionLimits limits, TimeProvider time, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _byAddress = [];
    private readonly RefusalCount _refusals = new(time);
    private int _unidentified;

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

    /// <summary>Serves the connection with <paramref name="next"/>, or closes it at once.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        string address = CallerAddress.Of(connection);
        if (!TryEnter(address))
        {
            if (_refusals.Add() is { } unlogged)
            {
                LimitsLog.ConnectionRefused(logger, address, limits.UnidentifiedPerAddress, limits.Unidentified, unlogged);
            }

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

    private void End(ConnectionContext connection, UnidentifiedConnection waiting, string address)
    {
        if (waiting.Done())
        {
            LimitsLog.NeverIdentified(logger, address, limits.Identify);
            connection.Abort(new ConnectionAbortedException($"nobody said who they are within {limits.Identify}"));
        }
    }

    private bool TryEnter(string address)
    {
        lock (_lock)
        {
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
