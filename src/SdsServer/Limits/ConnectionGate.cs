using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace SdsServer.Limits;

/// <summary>
/// Lets in connections before their callers are known: TLS handshakes, half-open connections and strangers cost memory, and whoever has
/// no identity must not use up what those need who have one. <see cref="GatedListener"/> asks it before there is more than a socket. A caller
/// that is known leaves this count; what it may have then is <see cref="IdentityPlaces"/>.
/// </summary>
internal sealed class ConnectionGate(ConnectionLimits limits, TimeProvider time, ILogger logger)
{
    /// <summary>
    /// So many connections of an address Kestrel serves at a time, while nobody is known on them: each of those costs 50 KB. The others wait for
    /// their turn, which comes fast where callers say who they are.
    /// </summary>
    public const int ServedPerAddress = 250;

    private const int MaxDistrusted = 10_000;
    private const int MaxHeld = 4_000;

    private static readonly TimeSpan s_distrust = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_hold = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, AddressPlaces> _byAddress = [];

    // Addresses from which a flood has come, and when; how fast new connections from there come in.
    private readonly Dictionary<string, long> _distrusted = [];
    private readonly AddressRates _again = new(perSecond: 1, burst: 1, time);
    private readonly RefusalCount _refusals = new(time);
    private readonly RefusalCount _floods = new(time);
    private readonly HeldSockets _held = new(s_hold, MaxHeld, time);
    private int _unidentified;
    private int _waiting;

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

    /// <summary>Of those, the ones that have spoken and wait for their turn.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Connections that were refused, and are closed in a moment.</summary>
    public int Held => _held.Count;

    /// <summary>
    /// Streams that were reset as soon as they were opened, of all connections of an address: else a flood would stay within the budget of
    /// each and come back with another. Ten times what one connection may.
    /// </summary>
    public AddressRates Resets { get; } = new(perSecond: 1_000, burst: 60_000, time);

    /// <summary>What messages that are not whole may take.</summary>
    public ReceiveBudgets Receiving { get; } = new(limits);

    /// <summary>Lets in a connection that was accepted, or takes it away and closes it.</summary>
    public bool TryEnter(Socket socket, [NotNullWhen(true)] out UnidentifiedConnection? stranger)
    {
        string address = CallerAddress.Of(socket);
        stranger = TryEnter(address, socket, out bool isDistrusted);
        if (stranger is not null)
        {
            stranger.Expect(limits.Identify, time, () => LimitsLog.NeverIdentified(logger, address, limits.Identify));
            return true;
        }

        if (!isDistrusted && _refusals.Add() is { } unlogged)
        {
            LimitsLog.ConnectionRefused(logger, address, limits.UnidentifiedPerAddress, limits.Unidentified, unlogged);
        }

        _held.Add(socket);
        return false;
    }

    /// <summary>Waits until Kestrel may serve the connection. False: it has ended meanwhile.</summary>
    public async Task<bool> TakePlaceAsync(UnidentifiedConnection stranger)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            return await stranger.TakePlaceAsync();
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Serves a connection that was let in with <paramref name="next"/>.</summary>
    public static async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Features.GetRequiredFeature<UnidentifiedConnection>().Done();
        }
    }

    /// <summary>
    /// Serves the connection with <paramref name="next"/> until it sends more than its <see cref="FrameBudget"/> allows. It is cut then, and
    /// for a minute new ones from its address come in one a second, for whoever is cut comes back at once.
    /// </summary>
    public async Task WatchAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        string address = connection.Features.GetRequiredFeature<UnidentifiedConnection>().Address;
        connection.Transport = new FrameWatch(connection.Transport, new FrameBudget(time, () => Resets.TryTake(address), IsDistrusted(address)), excess =>
        {
            Distrust(address);
            if (_floods.Add() is { } unlogged)
            {
                LimitsLog.Flooded(logger, address, excess, unlogged);
            }
        });
        connection.Features.Set(Receiving.Enter(address));
        try
        {
            await next(connection);
        }
        finally
        {
            Receiving.Leave(address);
        }
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

    private UnidentifiedConnection? TryEnter(string address, Socket socket, out bool isDistrusted)
    {
        lock (_lock)
        {
            isDistrusted = IsDistrusted(address);
            if (isDistrusted && !_again.TryTake(address))
            {
                return null;
            }

            AddressPlaces places = _byAddress.GetValueOrDefault(address) ?? new AddressPlaces(ServedPerAddress);
            if (places.Connections >= limits.UnidentifiedPerAddress || _unidentified >= limits.Unidentified)
            {
                return null;
            }

            _byAddress[address] = places;
            places.Connections++;
            _unidentified++;
            return new UnidentifiedConnection(address, places, () => Leave(address, places)) { Close = socket.Dispose };
        }
    }

    private void Leave(string address, AddressPlaces places)
    {
        lock (_lock)
        {
            _unidentified--;
            if (--places.Connections == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }
}
