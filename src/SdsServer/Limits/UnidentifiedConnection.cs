namespace SdsServer.Limits;

/// <summary>A connection whose caller is not known; a feature of the connection, so that whoever comes to know it can say so.</summary>
/// <param name="address">See <see cref="CallerAddress"/>.</param>
/// <param name="places">Of that address.</param>
/// <param name="done">Called once.</param>
internal sealed class UnidentifiedConnection(string address, AddressPlaces places, Action done)
{
    private const int IsNew = 0;
    private const int IsServed = 1;
    private const int IsDone = 2;

    private int _state = IsNew;
    private ITimer? _deadline;

    public string Address => address;

    /// <summary>Closes the connection, whatever it is by now.</summary>
    public required Action Close { get; set; }

    /// <summary>After this time <paramref name="late"/> is called and the connection closed, unless the caller is known.</summary>
    public void Expect(TimeSpan limit, TimeProvider time, Action late) =>
        _deadline = time.CreateTimer(
            _ =>
            {
                if (Done())
                {
                    late();
                    Close();
                }
            },
            null,
            limit,
            Timeout.InfiniteTimeSpan);

    /// <summary>Waits for a place in Kestrel. False: the connection has ended meanwhile.</summary>
    public async Task<bool> TakePlaceAsync()
    {
        await places.Served.WaitAsync();
        bool taken = Interlocked.CompareExchange(ref _state, IsServed, IsNew) == IsNew;
        if (!taken)
        {
            places.Served.Release();
        }

        return taken;
    }

    /// <summary>The caller is known, or the connection has ended. True the first time.</summary>
    public bool Done()
    {
        int before = Interlocked.Exchange(ref _state, IsDone);
        if (before == IsDone)
        {
            return false;
        }

        _deadline?.Dispose();
        if (before == IsServed)
        {
            places.Served.Release();
        }

        done();
        return true;
    }
}
