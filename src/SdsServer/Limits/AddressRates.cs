namespace SdsServer.Limits;

/// <summary>How fast callers may do what costs something before they are known: each address has a <see cref="RequestRate"/> of its own. Safe for concurrent use.</summary>
/// <param name="perSecond">So many in a second.</param>
/// <param name="burst">So many at once after a pause.</param>
/// <param name="addresses">So many addresses are told apart at a time; those beyond share one rate, so that a flood from many costs no memory.</param>
internal sealed class AddressRates(int perSecond, int burst, TimeProvider time, int addresses = 10_000)
{
    private static readonly TimeSpan s_sweep = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, RequestRate> _rates = new(StringComparer.Ordinal);
    private readonly RequestRate _others = new(perSecond, burst, time);
    private long? _sweptAt;

    /// <summary>Addresses that are told apart now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _rates.Count;
            }
        }
    }

    /// <summary>False when this one came too early.</summary>
    public bool TryTake(string address)
    {
        lock (_lock)
        {
            return Of(address).TryTake();
        }
    }

    /// <summary>What was taken is not counted after all.</summary>
    public void GiveBack(string address)
    {
        lock (_lock)
        {
            Of(address).GiveBack();
        }
    }

    private RequestRate Of(string address)
    {
        if (_rates.TryGetValue(address, out RequestRate? known))
        {
            return known;
        }

        if (_rates.Count >= addresses && !(_sweptAt is { } swept && time.GetElapsedTime(swept) < s_sweep))
        {
            _sweptAt = time.GetTimestamp();

            // Who has paused for long enough is as new.
            foreach (string rested in _rates.Where(entry => entry.Value.IsFull).Select(entry => entry.Key).ToList())
            {
                _rates.Remove(rested);
            }
        }

        if (_rates.Count >= addresses)
        {
            return _others;
        }

        RequestRate rate = new(perSecond, burst, time);
        _rates.Add(address, rate);
        return rate;
    }
}
